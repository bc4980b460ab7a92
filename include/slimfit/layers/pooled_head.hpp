// SPDX-License-Identifier: MIT
// A head that reads all tokens: final normalisation, one row of each sequence (their mean, or whatever the weights
// say), and a linear layer. In place of a ViT's or a BERT's own head.
#pragma once

#include <slimfit/kernels/pooling.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/linear.hpp>

namespace slimfit {

/// @tparam Weights see `token_weights`, e.g. `pooling::mean`
/// @tparam Policy  gives `norm`, `chunk` and, as a vision transformer's, `classifier_kind`
template <int Hidden, int Outputs, token_weights Weights, class Policy, scalar T>
class pooled_head {
 public:
  using value_type = T;
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  using classifier_type = linear<Hidden, Outputs, stash::by_state<stash::dense, stash::none>, T>;
  /// The stack's last block computes all rows.
  static constexpr bool reads_all_rows = true;

  struct kept_type {
    typename norm_type::kept_type norm;
    typename classifier_type::kept_type pooled;
  };

  constexpr pooled_head() : pooled_head(Policy::classifier_kind) {}
  constexpr explicit pooled_head(parameter_kind classifier_kind)
      : norm_(parameter_kind::unit), classifier_(classifier_kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& classifier) {
    norm_.visit(visitor, norm);
    classifier_.visit(visitor, classifier);
  }
  /// With a BERT's names, one of which belongs to a layer that this head has not.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& /*pooler*/, Name const& classifier) {
    visit(visitor, norm, classifier);
  }
  constexpr void set_norm_epsilon(double epsilon) { norm_.set_epsilon(epsilon); }

  /// Overwrites the output (sequences x Outputs) from the stream (all rows).
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                                            forward_results<T> const& out) const {
    detail::require_no_residual("pooled_head", in);
    auto const range = run.range("head");
    kept_type kept;
    kept.norm = norm_.keep(run, batch, "last LayerNorm");
    norm_.save_whole(run, kept.norm, in);
    kept.pooled = classifier_.keep(run, batch.first_tokens(), "classifier's input");
    auto const pooled = run.template scratch<T>(batch.count() * Hidden);
    for_each_part(run, batch, chunk(run, batch), [&](index_t first, index_t count) {
      auto const part = batch.part(first, count);
      auto const normalized = run.template scratch<T>(part.rows() * Hidden);
      norm_.forward(run, kept.norm.part(first, count), {.input = advance(in.input, batch.first(first) * Hidden)},
                    {.output = normalized.data()});
      run.launch(count, kernels::pool_rows<Weights, Hidden, T>{normalized.data(), part.where(),
                                                               advance(pooled.data(), first * Hidden)});
    });
    classifier_.forward(run, kept.pooled, {.input = pooled.data()}, out);
    return kept;
  }

  /// Overwrites the stream's gradient (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below) const {
    detail::require_overwritten_gradient(run, "pooled_head", below);
    auto const range = run.range("head");
    auto const& batch = kept.norm.batch;
    auto const pooled_gradient = run.template scratch<T>(batch.count() * Hidden);
    classifier_.backward(run, kept.pooled, above, {.input_gradient = pooled_gradient.data()});
    {
      typename norm_type::template gradients<typename Context::updates_type> sums(run, norm_);
      for_each_part(run, batch, chunk(run, batch), [&](index_t first, index_t count) {
        T* const rows = advance(below.input_gradient, batch.first(first) * Hidden);
        run.launch(count, kernels::spread_pooled<Weights, Hidden, T>{advance(pooled_gradient.data(), first * Hidden),
                                                                     batch.part(first, count).where(), rows});
        norm_.backward(run, kept.norm.part(first, count), {.output_gradient = rows}, {.input_gradient = rows}, sums);
      });
      sums.finish(run, norm_);
    }
    norm_.release(run, kept.norm);
  }

 private:
  template <class Context>
  static constexpr index_t chunk(Context const& run, sequence_batch const& batch) {
    return chunk_rows<typename Policy::chunk>(run, batch, Hidden);
  }

  norm_type norm_;
  classifier_type classifier_;
};

}  // namespace slimfit
