// SPDX-License-Identifier: MIT
// Classification as BERT does it (Devlin et al. 2019): the last block's normalisation, the pooler (a linear layer and
// tanh on the first token), and a linear classifier.
#pragma once

#include <slimfit/kernels/tanh.hpp>
#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/first_token_norm.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `head_input` and `normalizes_all_rows`
template <int Hidden, int Classes, class Policy, scalar T, class Dropout = no_dropout>
class pooler_head {
 public:
  using value_type = T;
  using norm_type = first_token_norm<Hidden, Policy, T>;
  using pooler_type = linear<Hidden, Hidden, typename Policy::head_input, T>;
  /// Its input is the pooler's output, which tanh keeps.
  using classifier_type = linear<Hidden, Classes, stash::rebuilt, T>;

  struct kept_type {
    typename norm_type::kept_type norm;
    typename pooler_type::kept_type input;
    kept_array<T> pooled{};  ///< the pooler's output, for tanh and the classifier
  };

  constexpr explicit pooler_head(parameter_kind classifier_kind)
      : norm_(parameter_kind::unit), classifier_(classifier_kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& pooler, Name const& classifier) {
    norm_.visit(visitor, norm);
    pooler_.visit(visitor, pooler);
    classifier_.visit(visitor, classifier);
  }

  constexpr void set_norm_epsilon(double epsilon) { norm_.set_norm_epsilon(epsilon); }

  /// Overwrites the output, logits (sequences x Classes), from the stream: sums that the last block left unnormalised.
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                                            forward_results<T> const& out) const {
    detail::require_no_residual("pooler_head", in);
    auto const range = run.range("head");
    index_t const sequences = batch.count();
    auto const first_rows = run.template scratch<T>(sequences * Hidden);
    kept_type kept;
    kept.norm = norm_.forward(run, batch, in, {.output = first_rows.data()});
    kept.input = pooler_.keep(run, batch.first_tokens(), "pooler's input");
    pooler_.projection().save_input(run, kept.input.input, first_rows.data(), sequences);
    if (run.training) {
      recorded_matrix const label(run.memory.record(), [] { return described_matrix{"pooler's output"}; });
      kept.pooled = run.memory.template keep<T>(sequences * Hidden, category::static_activations);
    }
    auto const unkept = run.template scratch<T>(run.training ? 0 : sequences * Hidden);
    T* const pooled = run.training ? kept.pooled.data : unkept.data();
    pooler_.projection().apply(run, first_rows.data(), sequences, {.output = pooled});
    run.launch(sequences, kernels::tanh_forward<Hidden, T>{pooled, pooled});
    with_dropped(run, pooled, batch, [&](T const* input) {
      classifier_.projection().apply(run, input, sequences, {.output = out.output});
    });
    return kept;
  }

  /// Overwrites the stream's gradient (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below) const {
    detail::require_overwritten_gradient(run, "pooler_head", below);
    auto const range = run.range("head");
    index_t const sequences = kept.norm.batch.count();
    auto const first_gradient = run.template scratch<T>(sequences * Hidden);
    {
      auto const pooled_gradient = run.template scratch<T>(sequences * Hidden);
      with_dropped(run, kept.pooled.data, kept.norm.batch, [&](T const* input) {
        auto const pooled = stash::dense::kept<T, Hidden>::adopt(input);
        backward_from(run, classifier_, {{}, kept.input.batch}, pooled, above.output_gradient, pooled_gradient.data());
      });
      classifier_drop(kept.norm.batch).apply(run, pooled_gradient.data(), sequences);
      run.launch(sequences,
                 kernels::tanh_backward<Hidden, T>{kept.pooled.data, pooled_gradient.data(), pooled_gradient.data()});
      run.memory.release(kept.pooled);
      norm_.with_first_rows(run, kept.norm, kept_input{}, [&](auto const& input) {
        backward_from(run, pooler_, kept.input, input, pooled_gradient.data(), first_gradient.data());
      });
    }
    pooler_.release(run, kept.input);
    norm_.backward(run, kept.norm, {.output_gradient = first_gradient.data()}, below);
  }

 private:
  /// The backward pass of a linear layer whose input `source` yields; releases nothing.
  template <class Context, class Linear, class Source>
  static constexpr void backward_from(Context& run, Linear const& layer, typename Linear::kept_type const& kept,
                                      Source const& source, T const* output_gradient, T* input_gradient) {
    typename Linear::template gradients<typename Context::updates_type> sums(run, layer);
    layer.backward(run, kept, backward_operands<T, Source>{output_gradient, source}, {.input_gradient = input_gradient},
                   sums);
    sums.finish(run, layer);
  }
  using classifier_dropout = dropout<Hidden, typename Dropout::hidden, T>;
  [[nodiscard]] constexpr classifier_dropout classifier_drop(sequence_batch const& batch) const {
    return {classifier_.weight().position, batch.sequence_numbers()};
  }
  /// Calls `body` with the classifier's input.
  template <class Context, class Body>
  constexpr void with_dropped(Context& run, T const* pooled, sequence_batch const& batch, Body const& body) const {
    bool const drops = classifier_dropout::happens(run);
    index_t const sequences = batch.count();
    auto const dropped = run.template scratch<T>(drops ? sequences * Hidden : 0);
    if (drops) { classifier_drop(batch).apply(run, pooled, sequences, dropped.data()); }
    body(drops ? dropped.data() : pooled);
  }

  norm_type norm_;
  pooler_type pooler_;
  classifier_type classifier_;
};

}  // namespace slimfit
