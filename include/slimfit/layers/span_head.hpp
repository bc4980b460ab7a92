// SPDX-License-Identifier: MIT
// Question answering as BERT does it (Devlin et al. 2019, section 4.2): the last block's normalisation of all tokens,
// and a linear layer that gives each two scores, for being the first and the last token of the answer.
#pragma once

#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `linear_input` and `chunk`
template <int Hidden, class Policy, scalar T>
class span_head {
 public:
  static constexpr int scores = 2;  ///< of a token
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  using output_type = linear<Hidden, scores, typename Policy::linear_input, T>;
  /// Whether the linear's input is rebuilt from what the normalisation keeps.
  static constexpr bool rebuilds = std::is_same_v<typename Policy::linear_input, stash::rebuilt>;

  struct kept_type {
    typename norm_type::kept_type norm;
    typename output_type::kept_type input;
  };

  constexpr explicit span_head(parameter_kind output_kind) : output_(output_kind) {}
  constexpr void set_norm_epsilon(double epsilon) { norm_.set_epsilon(epsilon); }

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& output) {
    norm_.visit(visitor, norm);
    output_.visit(visitor, output);
  }

  /// Overwrites `result` (two scores per row). @param stream sums that the last block left unnormalised
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* stream, sequence_batch const& batch,
                                            T* result) const {
    auto const range = run.range("head");
    kept_type kept;
    kept.norm = norm_.keep(run, stream, batch.rows(), "last LayerNorm");
    kept.input = output_.keep(run, batch.rows(), "head's input");
    for_each_chunk(
        run, batch.rows(), chunk_rows<typename Policy::chunk>(run, batch, Hidden), [&](index_t row, index_t count) {
          auto const part = kept.input.rows_from(row);
          output_target<T> const normalized(run, part, count * Hidden);
          norm_.apply(run, advance(stream, row * Hidden), kept.norm.rows_from(row), count, normalized.data());
          output_.save_input(run, part, normalized.data(), count);
          output_.apply(run, normalized.data(), count, advance(result, row * scores));
        });
    return kept;
  }

  /// Overwrites `stream_gradient` (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* score_gradient, sequence_batch const& batch,
                          T* stream_gradient) const {
    auto const range = run.range("head");
    using updates = typename Context::updates_type;
    {
      typename norm_type::template gradients<updates> norm_sums(run, norm_);
      gradient_list<T, updates> weight(run, output_.weight());
      gradient_list<T, updates> bias(run, output_.bias());
      for_each_chunk(run, batch.rows(), chunk_rows<typename Policy::chunk>(run, batch, Hidden),
                     [&](index_t row, index_t count) {
                       auto const mode = row == 0 ? update_mode::overwrite : update_mode::accumulate;
                       T const* const from = advance(score_gradient, row * scores);
                       auto const norm_part = kept.norm.rows_from(row);
                       auto const inner = run.template scratch<T>(count * Hidden);
                       output_.apply_transpose(run, from, count, inner.data(), update_mode::overwrite);
                       T const* const each[1]{from};
                       auto const add = [&](auto const& input) {
                         output_.add_gradients(run, input, each, count, weight, bias, mode);
                       };
                       if constexpr (rebuilds) {
                         norm_.with_output(norm_part, add);
                       } else {
                         add(kept.input.rows_from(row));
                       }
                       norm_.apply_backward(run, norm_part, inner.data(), count, advance(stream_gradient, row * Hidden),
                                            update_mode::overwrite, norm_sums, mode);
                     });
      weight[0].finish();
      bias[0].finish();
      norm_sums.finish();
    }
    output_.release(run, kept.input);
    norm_.release(run, kept.norm);
  }

 private:
  norm_type norm_;
  output_type output_;
};

}  // namespace slimfit
