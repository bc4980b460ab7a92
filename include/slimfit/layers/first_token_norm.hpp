// SPDX-License-Identifier: MIT
// The last normalisation of a stack whose head reads the first token of each sequence. Only those rows are normalised;
// eager frameworks normalise and keep all rows, which the policy can ask for to compare with them.
#pragma once

#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/live_rows.hpp>

namespace slimfit {

/// @tparam Policy gives `norm` and `normalizes_all_rows`
template <int Hidden, class Policy, scalar T>
class first_token_norm {
 public:
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  static constexpr bool all_rows = Policy::normalizes_all_rows;

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
    index_t const sequences = batch.count();
    index_t const rows = all_rows ? batch.rows() : sequences;
    kept.norm = norm_.keep(run, rows, "last LayerNorm");
    if constexpr (all_rows) {
      if (run.training) {
        recorded_matrix const label(run.memory.record(), [] { return described_matrix{"last LayerNorm's output"}; });
        kept.normalized = run.memory.template keep<T>(rows * Hidden, category::static_activations);
      }
      auto const unkept = run.template scratch<T>(run.training ? 0 : rows * Hidden);
      T* const normalized = run.training ? kept.normalized.data : unkept.data();
      norm_.apply(run, stream, kept.norm, rows, normalized);
      gather_first_rows<Hidden>(run, normalized, batch, first_rows);
    } else {
      auto const gathered = run.template scratch<T>(sequences * Hidden);
      gather_first_rows<Hidden>(run, stream, batch, gathered.data());
      norm_.apply(run, gathered.data(), kept.norm, rows, first_rows);
    }
    return kept;
  }

  /// Calls `body(source)` with what yields the rows that `forward` wrote: `own`, the stash of the layer that reads
  /// them, or where all rows are kept those.
  template <class Context, class Own, class Body>
  constexpr void with_first_rows(Context& run, kept_type const& kept, Own const& own, sequence_batch const& batch,
                                 Body const& body) const {
    if constexpr (all_rows) {
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
      index_t const sequences = batch.count();
      index_t const rows = batch.rows();
      if constexpr (all_rows) {
        run.memory.release(kept.normalized);
        auto const spread = run.template scratch<T>(rows * Hidden);
        spread_first_rows<Hidden>(run, first_gradient, batch, spread.data());
        norm_.apply_backward(run, kept.norm, spread.data(), rows, stream_gradient, update_mode::overwrite, sums,
                             update_mode::overwrite);
      } else {
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
  norm_type norm_;
};

}  // namespace slimfit
