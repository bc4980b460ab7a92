// SPDX-License-Identifier: MIT
// The last normalisation of a stack whose head reads the first token of each sequence. Only those rows are normalised;
// eager frameworks normalise and keep all rows, which the policy can ask for to compare with them.
#pragma once

#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/pass/live_rows.hpp>
#include <slimfit/pass/parts.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `normalizes_all_rows`, `head_input` and `chunk`
template <int Hidden, class Policy, scalar T>
class first_token_norm {
 public:
  using value_type = T;
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  static constexpr bool all_rows = Policy::normalizes_all_rows;
  /// Whether all normalised rows are kept, from which the layer that reads the first ones takes its input.
  static constexpr bool keeps_rows = all_rows && std::derived_from<typename Policy::head_input, stash::none>;

  struct kept_type {
    typename norm_type::kept_type norm;
    kept_array<T> normalized{};  ///< all rows, where the policy keeps them
    sequence_batch batch;
  };

  constexpr explicit first_token_norm(parameter_kind weight_kind) : norm_(weight_kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    norm_.visit(visitor, name);
  }
  constexpr void set_norm_epsilon(double epsilon) { norm_.set_epsilon(epsilon); }
  [[nodiscard]] constexpr parameter<T> const& weight() const { return norm_.weight(); }

  /// Overwrites the output (sequences x Hidden) with the normalised first tokens of the input (all rows).
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                                            forward_results<T> const& out) const {
    kept_type kept;
    kept.batch = batch;
    if constexpr (all_rows) {
      kept.norm = keep(run, batch, in);
      bool const keeps = keeps_rows && run.training;
      if (keeps) {
        recorded_matrix const label(run.memory.record(), [] { return described_matrix{"last LayerNorm's output"}; });
        kept.normalized = run.memory.template keep<T>(batch.rows() * Hidden, category::static_activations);
      }
      forward_in_parts(run, kept, in, out, part_rows(run, batch, chunk(run, batch), [&](auto& counted, index_t rows) {
                         forward_in_parts(counted, kept, in, out, rows);
                       }));
    } else {
      auto const gathered = run.template scratch<T>(batch.count() * Hidden);
      gather_first_rows<Hidden>(run, in.input, batch, gathered.data());
      forward_operands<T> const rows{.input = gathered.data()};
      kept.norm = keep(run, batch.first_tokens(), rows);
      norm_.forward(run, kept.norm, rows, out);
    }
    return kept;
  }

  /// Calls `body(source)` with what yields the rows that `forward` wrote: `own`, the stash of the layer that reads
  /// them, or where all rows are kept those.
  template <class Context, class Own, class Body>
  constexpr void with_first_rows([[maybe_unused]] Context& run, [[maybe_unused]] kept_type const& kept, Own const& own,
                                 Body const& body) const {
    if constexpr (keeps_rows) {
      auto const rows = run.template scratch<T>(kept.batch.count() * Hidden);
      gather_first_rows<Hidden>(run, kept.normalized.data, kept.batch, rows.data());
      body(stash::dense::kept<T, Hidden>::adopt(rows.data()));
    } else {
      body(own);
    }
  }

  /// Overwrites the input's gradient (all rows) and releases `kept`.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below) const {
    auto const& batch = kept.batch;
    if constexpr (keeps_rows) { run.memory.release(kept.normalized); }
    index_t rows = batch.rows();
    if constexpr (all_rows) {
      rows = part_rows(run, batch, chunk(run, batch), [&](auto& counted, index_t at_a_time) {
        backward_in_parts(counted, kept, above, below, at_a_time);
      });
    }
    backward_in_parts(run, kept, above, below, rows);
    norm_.release(run, kept.norm);
  }

 private:
  template <class Context>
  constexpr void forward_in_parts(Context& run, kept_type const& kept, forward_operands<T> const& in,
                                  forward_results<T> const& out, index_t rows) const {
    bool const keeps = keeps_rows && run.training;
    for_each_part(run, kept.batch, rows, [&](index_t first, index_t count) {
      auto const part = kept.batch.part(first, count);
      index_t const row = kept.batch.first(first);
      auto const unkept = run.template scratch<T>(keeps ? 0 : part.rows() * Hidden);
      T* const normalized = keeps ? advance(kept.normalized.data, row * Hidden) : unkept.data();
      norm_.forward(run, kept.norm.part(first, count), {.input = advance(in.input, row * Hidden)},
                    {.output = normalized});
      gather_first_rows<Hidden>(run, normalized, part, advance(out.output, first * Hidden));
    });
  }
  template <class Context>
  constexpr void backward_in_parts(Context& run, kept_type const& kept, backward_operands<T> const& above,
                                   backward_results<T> const& below, index_t rows) const {
    auto const& batch = kept.batch;
    typename norm_type::template gradients<typename Context::updates_type> sums(run, norm_);
    if constexpr (all_rows) {
      for_each_part(run, batch, rows, [&](index_t first, index_t count) {
        auto const part = batch.part(first, count);
        auto const spread = run.template scratch<T>(part.rows() * Hidden);
        spread_first_rows<Hidden>(run, advance(above.output_gradient, first * Hidden), part, spread.data());
        norm_.backward(run, kept.norm.part(first, count), {.output_gradient = spread.data()},
                       {.input_gradient = advance(below.input_gradient, batch.first(first) * Hidden)}, sums);
      });
    } else {
      auto const gathered = run.template scratch<T>(batch.count() * Hidden);
      norm_.backward(run, kept.norm, above, {.input_gradient = gathered.data()}, sums);
      spread_first_rows<Hidden>(run, gathered.data(), batch, below.input_gradient);
    }
    sums.finish(run, norm_);
  }
  template <class Context>
  [[nodiscard]] constexpr typename norm_type::kept_type keep(Context& run, sequence_batch const& rows,
                                                             forward_operands<T> const& in) const {
    auto const kept = norm_.keep(run, rows, "last LayerNorm");
    norm_.save_whole(run, kept, in);
    return kept;
  }
  template <class Context>
  static constexpr index_t chunk(Context const& run, sequence_batch const& batch) {
    return chunk_rows<typename Policy::chunk>(run, batch, Hidden);
  }

  norm_type norm_;
};

}  // namespace slimfit
