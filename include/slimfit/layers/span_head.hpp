// SPDX-License-Identifier: MIT
// Question answering as BERT does it (Devlin et al. 2019, section 4.2): the last block's normalisation of all tokens,
// and a linear layer that gives each two scores, for being the first and the last token of the answer.
#pragma once

#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/parts.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `linear_input` and `chunk`
template <int Hidden, class Policy, scalar T>
class span_head {
 public:
  using value_type = T;
  static constexpr int scores = 2;  ///< of a token
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  using output_type = linear<Hidden, scores, typename Policy::linear_input, T>;
  /// Whether the linear's input is rebuilt from what the normalisation keeps.
  static constexpr bool rebuilds = std::is_same_v<typename Policy::linear_input, stash::rebuilt>;

  struct kept_type {
    typename norm_type::kept_type norm;
    typename output_type::kept_type input;
    index_t chunk = 0;  ///< least rows at a time
  };

  constexpr explicit span_head(parameter_kind output_kind) : output_(output_kind) {}
  constexpr void set_norm_epsilon(double epsilon) { norm_.set_epsilon(epsilon); }

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& output) {
    norm_.visit(visitor, norm);
    output_.visit(visitor, output);
  }

  /// Overwrites the output (two scores per row) from the stream: sums that the last block left unnormalised.
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                                            forward_results<T> const& out) const {
    detail::require_no_residual("span_head", in);
    auto const range = run.range("head");
    auto const rows = batch.single_rows();
    kept_type kept;
    kept.norm = norm_.keep(run, rows, "last LayerNorm");
    norm_.save_whole(run, kept.norm, in);
    kept.input = output_.keep(run, rows, "head's input");
    kept.chunk = chunk_rows<typename Policy::chunk>(run, batch, Hidden);
    forward_in_parts(run, kept, in, out, part_rows(run, rows, kept.chunk, [&](auto& counted, index_t at_a_time) {
                       forward_in_parts(counted, kept, in, out, at_a_time);
                     }));
    return kept;
  }

  /// Overwrites the stream's gradient (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below) const {
    detail::require_overwritten_gradient(run, "span_head", below);
    auto const range = run.range("head");
    auto const rows = part_rows(run, kept.input.batch, kept.chunk, [&](auto& counted, index_t at_a_time) {
      backward_in_parts(counted, kept, above, below, at_a_time);
    });
    backward_in_parts(run, kept, above, below, rows);
    output_.release(run, kept.input);
    norm_.release(run, kept.norm);
  }

 private:
  template <class Context>
  constexpr void forward_in_parts(Context& run, kept_type const& kept, forward_operands<T> const& in,
                                  forward_results<T> const& out, index_t at_a_time) const {
    for_each_part(run, kept.input.batch, at_a_time, [&](index_t row, index_t count) {
      auto const part = kept.input.part(row, count);
      output_target<T> const normalized(run, part.input, count * Hidden);
      norm_.forward(run, kept.norm.part(row, count), {.input = advance(in.input, row * Hidden)},
                    {.output = normalized.data()});
      output_.forward(run, part, {.input = normalized.data()}, {.output = advance(out.output, row * scores)});
    });
  }
  template <class Context>
  constexpr void backward_in_parts(Context& run, kept_type const& kept, backward_operands<T> const& above,
                                   backward_results<T> const& below, index_t at_a_time) const {
    using updates = typename Context::updates_type;
    typename norm_type::template gradients<updates> norm_sums(run, norm_);
    typename output_type::template gradients<updates> sums(run, output_);
    for_each_part(run, kept.input.batch, at_a_time, [&](index_t row, index_t count) {
      auto const inner = run.template scratch<T>(count * Hidden);
      auto const norm_part = kept.norm.part(row, count);
      backward_of_output(run, kept.input.part(row, count), norm_part, advance(above.output_gradient, row * scores),
                         inner.data(), sums);
      norm_.backward(run, norm_part, {.output_gradient = inner.data()},
                     {.input_gradient = advance(below.input_gradient, row * Hidden)}, norm_sums);
    });
    sums.finish(run, output_);
    norm_sums.finish(run, norm_);
  }
  template <class Context, class Sums>
  constexpr void backward_of_output(Context& run, typename output_type::kept_type const& part,
                                    typename norm_type::kept_type const& norm_part, T const* output_gradient,
                                    T* input_gradient, Sums& sums) const {
    if constexpr (rebuilds) {
      norm_.with_output(norm_part, [&](auto const& input) {
        using source_type = std::remove_cvref_t<decltype(input)>;
        output_.backward(run, part, backward_operands<T, source_type>{output_gradient, input},
                         {.input_gradient = input_gradient}, sums);
      });
    } else {
      output_.backward(run, part, {.output_gradient = output_gradient}, {.input_gradient = input_gradient}, sums);
    }
  }

  norm_type norm_;
  output_type output_;
};

}  // namespace slimfit
