// SPDX-License-Identifier: MIT
// The attention half of a transformer block without its normalisation: projections to queries, keys and values,
// attention, and the output projection, to which a residual is added. It runs on chunks of whole sequences.
#pragma once

#include <slimfit/layers/attention.hpp>
#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/layers/residual_linear.hpp>
#include <slimfit/pass/live_rows.hpp>
#include <slimfit/pass/output_target.hpp>

namespace slimfit {

/// @tparam Dropout `dropout_rates`
/// @tparam Scaled whether a LayerScale follows the last linear
/// @tparam Policy gives `linear_input` and `attention_output` (stashes of the linears' inputs) and `attention`
template <int Hidden, int Heads, class Policy, scalar T, class Dropout = no_dropout, bool Scaled = false>
class self_attention {
  static_assert(!Scaled || std::is_same_v<Dropout, no_dropout>,
                "slimfit: self_attention: with a LayerScale there is no dropout; use no_dropout");

 public:
  using input_stash = typename Policy::linear_input;
  using projection_type = linear<Hidden, Hidden, input_stash, T, 3>;
  using output_type =
      residual_linear<Hidden, Hidden, typename Policy::attention_output, T, typename Dropout::hidden, Scaled>;
  using core = attention<Hidden, Heads, typename Policy::attention, T>;
  using value_dropout = dropout<Hidden, typename Dropout::attention, T>;
  static constexpr bool key_bias = Policy::attention::keys == attention_keys::with_bias;

  struct kept_type {
    typename projection_type::kept_type input;
    typename core::kept_type attention;
    typename output_type::kept_type output_input;

    /// The part from sequence `s` of `batch` on.
    template <live_rows Live>
    [[nodiscard]] constexpr kept_type from(index_t s, sequence_batch const& batch) const {
      index_t const row = batch.first(s);
      return {input.rows_from(row), attention.from(row, batch),
              output_input.rows_from(live_part<Live>(batch).first(s))};
    }
  };

  template <class Visitor, class Name>
  constexpr void visit_projections(Visitor&& visitor, Name const& query, Name const& key, Name const& value) {
    projections_.visit(visitor, query, 0);
    projections_.visit(visitor, key, 1);
    projections_.visit(visitor, value, 2);
  }
  template <class Visitor, class Name>
  constexpr void visit_output(Visitor&& visitor, Name const& name) {
    output_.visit(visitor, name);
  }
  template <class Visitor, class Name>
  constexpr void visit_scale(Visitor&& visitor, Name const& name) {
    output_.visit_scale(visitor, name);
  }

  template <live_rows Live, class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch) const {
    kept_type kept;
    kept.input = projections_.keep(run, batch.rows(), "attention's input");
    kept.attention = core::keep(run, batch, operand_places());
    kept.output_input = output_.keep(run, live_part<Live>(batch).rows(), "attention's output");
    return kept;
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    output_.release(run, kept.output_input);
    core::release(run, kept.attention);
    projections_.release(run, kept.input);
  }

  /// `output = residual + attention(input)`, of the rows that live. `residual` may be `output` or `input`, and `output`
  /// may lie on the first rows of either.
  template <live_rows Live, class Context>
  constexpr void apply(Context& run, T const* input, kept_type const& kept, sequence_batch const& batch,
                       T const* residual, T* output) const {
    auto const range = run.range("attention");
    constexpr bool all = Live == live_rows::all;
    index_t const rows = batch.rows();
    auto const live = live_part<Live>(batch);
    projections_.save_input(run, kept.input, input, rows);
    output_target<T> const attended(run, kept.output_input, live.rows() * Hidden);
    {
      auto const whole = run.template scratch<T>(all ? 0 : rows * Hidden);
      T* const attended_rows = all ? attended.data() : whole.data();
      output_target<T> const query(run, kept.attention.operands[0], rows * Hidden);
      output_target<T> const key(run, kept.attention.operands[1], rows * Hidden);
      output_target<T> const value(run, kept.attention.operands[2], rows * Hidden);
      projections_.apply(run, input, rows, query.data(), 0);
      if constexpr (key_bias) {
        projections_.apply(run, input, rows, key.data(), 1);
      } else {
        projections_.apply_weight(run, input, rows, key.data(), update_mode::overwrite, 1);
      }
      projections_.apply(run, input, rows, value.data(), 2);
      value_drop(batch).apply(run, value.data(), rows);
      core::forward(run, {query.data(), key.data(), value.data()}, kept.attention, batch, attended_rows,
                    operand_places());
      if constexpr (!all) { gather_first_rows<Hidden>(run, attended_rows, batch, attended.data()); }
    }
    auto const live_residual = run.template scratch<T>(all ? 0 : live.rows() * Hidden);
    if constexpr (!all) {
      gather_first_rows<Hidden>(run, residual, batch, live_residual.data());
      residual = live_residual.data();
    }
    output_.save_input(run, kept.output_input, attended.data(), live.rows());
    output_.add_to(run, attended.data(), live.numbers(), live.rows(), residual, output);
  }

  template <class Updates>
  struct gradients {
    gradient_list<T, Updates, 3> weight;
    gradient_list<T, Updates, 3> bias;
    gradient_list<T, Updates> output_weight;
    gradient_list<T, Updates> output_bias;

    template <class Context>
    constexpr gradients(Context& run, self_attention const& layer)
        : weight(run, layer.projections_.weight(0), layer.projections_.weight(1), layer.projections_.weight(2)),
          bias(run, layer.projections_.bias(0), layer.projections_.bias(1), layer.projections_.bias(2)),
          output_weight(run, layer.output_.weight()),
          output_bias(run, layer.output_.bias()) {}
    template <class Context>
    constexpr void finish(Context& run, self_attention const& layer) {
      layer.output_.finish_scale(run, output_weight[0], output_bias[0]);
      for (int i = 0; i < 3; ++i) {
        weight[i].finish();
        bias[i].finish();
      }
      output_weight[0].finish();
      output_bias[0].finish();
    }
  };

  /// `input_gradient (+)= ...`, and adds to `sums`. `input` yields the rows that `apply` was given; `input_gradient`
  /// may be `output_gradient`, which has the rows that live, where all do.
  template <live_rows Live, class Context, class Source, class Updates>
  constexpr void apply_backward(Context& run, Source const& input, kept_type const& kept, T const* output_gradient,
                                sequence_batch const& batch, T* input_gradient, update_mode input_mode,
                                gradients<Updates>& sums, update_mode sum_mode) const {
    auto const range = run.range("attention");
    constexpr bool all = Live == live_rows::all;
    index_t const rows = batch.rows();
    auto const live = live_part<Live>(batch);
    typename output_type::template upstream<Context> const upstream(run, output_, output_gradient, live.numbers(),
                                                                    live.rows());
    auto const operand_gradients = run.template scratch<T>(3 * rows * Hidden);
    std::array<T*, 3> const each{operand_gradients.data(), advance(operand_gradients.data(), rows * Hidden),
                                 advance(operand_gradients.data(), 2 * rows * Hidden)};
    {
      auto const attended_gradient = run.template scratch<T>(rows * Hidden);
      {
        auto const first_rows = run.template scratch<T>(all ? 0 : live.rows() * Hidden);
        T* const live_gradient = all ? attended_gradient.data() : first_rows.data();
        output_.apply_transpose(run, upstream.below(), live.rows(), live_gradient, update_mode::overwrite);
        if constexpr (!all) { spread_first_rows<Hidden>(run, live_gradient, batch, attended_gradient.data()); }
      }
      T const* const output_gradients[1]{upstream.own()};
      output_.add_gradients(run, kept.output_input, output_gradients, live.rows(), sums.output_weight, sums.output_bias,
                            sum_mode);
      core::backward(run, kept.attention, batch, attended_gradient.data(), each);
      value_drop(batch).apply(run, each[2], rows);
    }
    for (int i = 0; i < 3; ++i) {
      projections_.apply_transpose(run, each[static_cast<std::size_t>(i)], rows, input_gradient,
                                   i == 0 ? input_mode : update_mode::accumulate, i);
    }
    T const* const gradients_of[3]{each[0], each[1], each[2]};
    projections_.add_gradients(run, input, gradients_of, rows, sums.weight, sums.bias, sum_mode);
  }

 private:
  [[nodiscard]] constexpr std::array<matrix_place, 3> operand_places() const {
    return {projections_.output_place(layer_matrix::query, 0), projections_.output_place(layer_matrix::key, 1),
            projections_.output_place(layer_matrix::value, 2)};
  }
  [[nodiscard]] constexpr value_dropout value_drop(sequence_batch const& batch) const {
    return {projections_.weight(2).position, batch.numbers()};
  }

  projection_type projections_;
  output_type output_;
};

}  // namespace slimfit
