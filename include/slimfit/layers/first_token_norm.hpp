// SPDX-License-Identifier: MIT
// The last normalisation of a stack whose head reads the first token of each sequence. Only those rows are normalised;
// eager frameworks normalise and keep all rows, which the policy can ask for to compare with them.
#pragma once

#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/pass/live_rows.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `normalizes_all_rows`, `head_input` and `chunk`
template <int Hidden, class Policy, scalar T>
class first_token_norm {
 public:
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  static constexpr bool all_rows = Policy::normalizes_all_rows;
  /// Whether all normalised rows are kept, from which the layer that reads the first ones takes its input.
  static constexpr bool keeps_rows = all_rows && std::derived_from<typename Policy::head_input, stash::none>;

  struct kept_type {
    typename norm_type::kept_type norm;
    kept_array<T> normalized{};  ///< all rows, where the policy keeps them
  };

  constexpr explicit first_token_norm(parameter_kind weight_kind) : norm_(weight_kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    norm_.visit(visitor, name);
  }
  constexpr void set_norm_epsilon(double epsilon) { norm_.set_epsilon(epsilon); }
  [[nodiscard]] constexpr parameter<T> const& weight() const { return norm_.weight(); }

  /// Overwrites `first_rows` (sequences x Hidden) with the normalised first tokens of `stream`.
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* stream, sequence_batch const& batch,
                                            T* first_rows) const {
    kept_type kept;
    if constexpr (all_rows) {
      kept.norm = norm_.keep(run, stream, batch.rows(), "last LayerNorm");
      bool const keeps = keeps_rows && run.training;
      if (keeps) {
        recorded_matrix const label(run.memory.record(), [] { return described_matrix{"last LayerNorm's output"}; });
        kept.normalized = run.memory.template keep<T>(batch.rows() * Hidden, category::static_activations);
      }
      for_each_part(run, batch, chunk(run, batch), [&](index_t first, index_t count) {
        auto const part = batch.part(first, count);
        index_t const row = batch.first(first);
        auto const unkept = run.template scratch<T>(keeps ? 0 : part.rows() * Hidden);
        T* const normalized = keeps ? advance(kept.normalized.data, row * Hidden) : unkept.data();
        norm_.apply(run, advance(stream, row * Hidden), kept.norm.rows_from(row), part.rows(), normalized);
        gather_first_rows<Hidden>(run, normalized, part, advance(first_rows, first * Hidden));
      });
    } else {
      index_t const sequences = batch.count();
      auto const gathered = run.template scratch<T>(sequences * Hidden);
      gather_first_rows<Hidden>(run, stream, batch, gathered.data());
      kept.norm = norm_.keep(run, gathered.data(), sequences, "last LayerNorm");
      norm_.apply(run, gathered.data(), kept.norm, sequences, first_rows);
    }
    return kept;
  }

  /// Calls `body(source)` with what yields the rows that `forward` wrote: `own`, the stash of the layer that reads
  /// them, or where all rows are kept those.
  template <class Context, class Own, class Body>
  constexpr void with_first_rows(Context& run, kept_type const& kept, Own const& own, sequence_batch const& batch,
                                 Body const& body) const {
    if constexpr (keeps_rows) {
      auto const rows = run.template scratch<T>(batch.count() * Hidden);
      gather_first_rows<Hidden>(run, kept.normalized.data, batch, rows.data());
      body(stash::dense::kept<T, Hidden>::adopt(rows.data()));
    } else {
      body(own);
    }
  }

  /// Overwrites `stream_gradient` (all rows) and releases `kept`.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* first_gradient, sequence_batch const& batch,
                          T* stream_gradient) const {
    {
      typename norm_type::template gradients<typename Context::updates_type> sums(run, norm_);
      if constexpr (all_rows) {
        if constexpr (keeps_rows) { run.memory.release(kept.normalized); }
        for_each_part(run, batch, chunk(run, batch), [&](index_t first, index_t count) {
          auto const part = batch.part(first, count);
          index_t const row = batch.first(first);
          auto const spread = run.template scratch<T>(part.rows() * Hidden);
          spread_first_rows<Hidden>(run, advance(first_gradient, first * Hidden), part, spread.data());
          norm_.apply_backward(run, kept.norm.rows_from(row), spread.data(), part.rows(),
                               advance(stream_gradient, row * Hidden), update_mode::overwrite, sums,
                               first == 0 ? update_mode::overwrite : update_mode::accumulate);
        });
      } else {
        index_t const sequences = batch.count();
        auto const gathered = run.template scratch<T>(sequences * Hidden);
        norm_.apply_backward(run, kept.norm, first_gradient, sequences, gathered.data(), update_mode::overwrite, sums,
                             update_mode::overwrite);
        spread_first_rows<Hidden>(run, gathered.data(), batch, stream_gradient);
      }
      sums.finish();
    }
    norm_.release(run, kept.norm);
  }

 private:
  template <class Context>
  static constexpr index_t chunk(Context const& run, sequence_batch const& batch) {
    return chunk_rows<typename Policy::chunk>(run, batch, Hidden);
  }

  norm_type norm_;
};

}  // namespace slimfit
