// SPDX-License-Identifier: MIT
// The two halves of a transformer block, attention and MLP, each behind a normalisation: what pre-norm and post-norm
// blocks share. They differ in what a half is added to. The residual stream is updated in place; everything kept lies
// on the tape.
#pragma once

#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/layers/self_attention.hpp>
#include <slimfit/pass/live_rows.hpp>

namespace slimfit {

/// What the result of each half of a block is added to.
enum class residual : unsigned char {
  stream,     ///< pre-norm: x = x + half(norm(x))
  normalized  ///< post-norm: x = norm(x) + half(norm(x))
};

/// Derived classes name the parameters.
/// @tparam Policy a model policy, see policy/presets.hpp
/// @tparam Scaled whether the result of each half is multiplied by a LayerScale
template <int Hidden, int Heads, int Mlp, class Policy, scalar T, residual Residual, class Dropout = no_dropout,
          bool Scaled = false>
class transformer_block {
 public:
  using value_type = T;
  static constexpr int hidden = Hidden;
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  using attention_type = self_attention<Hidden, Heads, Policy, T, Dropout, Scaled>;
  using mlp_type = mlp<Hidden, Mlp, Policy, T, Dropout, Scaled>;
  using input_dropout = dropout<Hidden, typename Dropout::hidden, T>;
  /// Whether the linears' inputs are rebuilt from what the normalisation keeps.
  static constexpr bool rebuilds = std::is_same_v<typename Policy::linear_input, stash::rebuilt>;

  /// From now on what the first normalisation gives is dropped from: the embeddings' dropout, in a post-norm block that
  /// begins with their normalisation.
  constexpr void drop_input() { drops_input_ = true; }

  struct kept_type {
    typename norm_type::kept_type attention_norm;
    typename attention_type::kept_type attention;
    typename norm_type::kept_type mlp_norm;
    typename mlp_type::kept_type mlp;
  };

  /// Sets what both normalisations add to the variance.
  constexpr void set_norm_epsilon(double epsilon) {
    attention_norm_.set_epsilon(epsilon);
    mlp_norm_.set_epsilon(epsilon);
  }

  /// Updates `stream`, the batch's rows, in place: its first rows are then those that live, one after the other.
  /// @tparam Live rows of the output that somebody reads
  /// @return what `backward` needs
  template <live_rows Live = live_rows::all, class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T* stream, sequence_batch const& batch) const {
    auto const live = live_part<Live>(batch);
    index_t const chunk = chunk_rows<typename Policy::chunk>(run, batch, Hidden);
    kept_type kept;
    kept.attention_norm = attention_norm_.keep(run, stream, batch.rows(), "attention's LayerNorm");
    kept.attention = attention_.template keep<Live>(run, batch);
    for_each_part(run, batch, chunk, [&](index_t first, index_t count) {
      auto const sequences = batch.part(first, count);
      index_t const row = batch.first(first);
      auto const part = kept.attention.template from<Live>(first, batch);
      output_target<T> const normalized(run, part.input, sequences.rows() * Hidden);
      T* const here = advance(stream, row * Hidden);
      attention_norm_.apply(run, here, kept.attention_norm.rows_from(row), sequences.rows(), normalized.data());
      if (drops_input(run)) { input_drop(sequences).apply(run, normalized.data(), sequences.rows()); }
      // Live rows are never further down than those they are computed from, which were read by then.
      attention_.template apply<Live>(run, normalized.data(), part, sequences, residual_of(here, normalized.data()),
                                      advance(stream, live.first(first) * Hidden));
    });
    kept.mlp_norm = mlp_norm_.keep(run, stream, live.rows(), "MLP's LayerNorm");
    kept.mlp = mlp_.keep(run, live.rows());
    for_each_chunk(run, live.rows(), chunk, [&](index_t row, index_t count) {
      auto const part = kept.mlp.rows_from(row);
      output_target<T> const normalized(run, part.input, count * Hidden);
      T* const here = advance(stream, row * Hidden);
      mlp_norm_.apply(run, here, kept.mlp_norm.rows_from(row), count, normalized.data());
      mlp_.apply(run, normalized.data(), part, live.numbers().from(row), count, residual_of(here, normalized.data()),
                 here);
    });
    return kept;
  }

  /// Turns the gradient of the output stream, of the rows that live, into that of the input stream, in place.
  template <live_rows Live = live_rows::all, class Context>
  constexpr void backward(Context& run, kept_type const& kept, T* stream_gradient, sequence_batch const& batch) const {
    using updates = typename Context::updates_type;
    auto const live = live_part<Live>(batch);
    index_t const chunk = chunk_rows<typename Policy::chunk>(run, batch, Hidden);
    {
      typename norm_type::template gradients<updates> norm_sums(run, mlp_norm_);
      typename mlp_type::template gradients<updates> sums(run, mlp_);
      for_each_chunk(run, live.rows(), chunk, [&](index_t row, index_t count) {
        auto const mode = row == 0 ? update_mode::overwrite : update_mode::accumulate;
        T* const here = advance(stream_gradient, row * Hidden);
        auto const part = kept.mlp.rows_from(row);
        auto const norm_part = kept.mlp_norm.rows_from(row);
        normalized_gradient const inner(run, here, count);
        with_input(mlp_norm_, norm_part, part.input, [&](auto const& input) {
          mlp_.apply_backward(run, input, part, here, live.numbers().from(row), count, inner.data, inner_mode, sums,
                              mode);
        });
        mlp_norm_.apply_backward(run, norm_part, inner.data, count, here, stream_mode, norm_sums, mode);
      });
      sums.finish(run, mlp_);
      norm_sums.finish();
    }
    mlp_.release(run, kept.mlp);
    mlp_norm_.release(run, kept.mlp_norm);
    {
      typename norm_type::template gradients<updates> norm_sums(run, attention_norm_);
      typename attention_type::template gradients<updates> sums(run, attention_);
      auto const live_gradient = run.template scratch<T>(Live == live_rows::all ? 0 : live.rows() * Hidden);
      if constexpr (Live != live_rows::all) {
        gather_first_rows<Hidden>(run, stream_gradient, live, live_gradient.data());
      }
      for_each_part(run, batch, chunk, [&](index_t first, index_t count) {
        auto const mode = first == 0 ? update_mode::overwrite : update_mode::accumulate;
        auto const sequences = batch.part(first, count);
        index_t const row = batch.first(first);
        T* const here = advance(stream_gradient, row * Hidden);
        T const* const upstream =
            Live == live_rows::all ? here : advance(live_gradient.data(), live.first(first) * Hidden);
        if constexpr (Live != live_rows::all) { spread_first_rows<Hidden>(run, upstream, sequences, here); }
        auto const part = kept.attention.template from<Live>(first, batch);
        auto const norm_part = kept.attention_norm.rows_from(row);
        normalized_gradient const inner(run, here, sequences.rows());
        auto const apply = [&](auto const& input) {
          attention_.template apply_backward<Live>(run, input, part, upstream, sequences, inner.data, inner_mode, sums,
                                                   mode);
        };
        with_input(attention_norm_, norm_part, part.input, [&](auto const& input) {
          if constexpr (rebuilds && input_dropout::exists) {
            if (drops_input(run)) {
              using source_type = std::remove_cvref_t<decltype(input)>;
              apply(dropped_rows<Hidden, typename Dropout::hidden, source_type>{
                  input, input_drop(sequences).stream(run), input_drop(sequences).rows()});
              return;
            }
          }
          apply(input);
        });
        if (drops_input(run)) { input_drop(sequences).apply(run, inner.data, sequences.rows()); }
        attention_norm_.apply_backward(run, norm_part, inner.data, sequences.rows(), here, stream_mode, norm_sums,
                                       mode);
      });
      sums.finish(run, attention_);
      norm_sums.finish();
    }
    attention_.release(run, kept.attention);
    attention_norm_.release(run, kept.attention_norm);
  }

 protected:
  norm_type attention_norm_;
  attention_type attention_;
  norm_type mlp_norm_;
  mlp_type mlp_;

 private:
  template <class Context>
  [[nodiscard]] constexpr bool drops_input(Context const& run) const {
    return drops_input_ && input_dropout::happens(run);
  }
  [[nodiscard]] constexpr input_dropout input_drop(sequence_batch const& batch) const {
    return {attention_norm_.weight().position, batch.numbers()};
  }

  /// How each half adds its gradient to that of its input, and the normalisation its own to the stream's.
  static constexpr bool residual_is_stream = Residual == residual::stream;
  static constexpr auto inner_mode = residual_is_stream ? update_mode::overwrite : update_mode::accumulate;
  static constexpr auto stream_mode = residual_is_stream ? update_mode::accumulate : update_mode::overwrite;

  static constexpr T const* residual_of(T const* stream, T const* normalized) {
    return residual_is_stream ? stream : normalized;
  }
  /// Memory for the gradient of normalised rows. Where those are the residual too, it replaces the stream's.
  struct normalized_gradient {
    template <class Context>
    constexpr normalized_gradient(Context& run, T* stream_gradient, index_t rows)
        : scratch(run.memory, residual_is_stream ? rows * Hidden : 0),
          data(residual_is_stream ? scratch.data() : stream_gradient) {}
    scratch_buffer<T> scratch;
    T* data;
  };

  /// Calls `body` with what yields a linear's input: its own stash, or the normalisation's output rebuilt.
  template <class Body>
  static constexpr void with_input(norm_type const& norm, typename norm_type::kept_type const& norm_kept,
                                   typename attention_type::projection_type::kept_type const& own, Body const& body) {
    if constexpr (rebuilds) {
      norm.with_output(norm_kept, body);
    } else {
      body(own);
    }
  }

  bool drops_input_ = false;
};

}  // namespace slimfit
