// SPDX-License-Identifier: MIT
// The attention half of a transformer block without its normalisation: projections to queries, keys and values,
// attention, and the output projection, to which a residual is added. Its parts are whole sequences.
#pragma once

#include <slimfit/layers/attention.hpp>
#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/residual_linear.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam Policy  gives `linear_input` and `attention_output` (stashes of the linears' inputs) and `attention`
/// @tparam Dropout `dropout_rates`
/// @tparam Scaled  whether a LayerScale follows the last linear
template <int Hidden, int Heads, class Policy, scalar T, class Dropout = no_dropout, bool Scaled = false>
class self_attention : public whole_batch<self_attention<Hidden, Heads, Policy, T, Dropout, Scaled>, T> {
  static_assert(!Scaled || std::is_same_v<Dropout, no_dropout>,
                "slimfit: self_attention: with a LayerScale there is no dropout; use no_dropout");

 public:
  static constexpr bool mixes_rows = true;
  using value_type = T;
  /// Whether the input is made again from what the normalisation before it keeps.
  static constexpr bool rebuilds_input = std::is_same_v<typename Policy::linear_input, stash::rebuilt>;
  static constexpr char const* norm_name = "attention's LayerNorm";  ///< of the normalisation before it, in records
  using projection_type = projections<Hidden, Hidden, typename Policy::linear_input, T, 3>;
  using output_type =
      residual_linear<Hidden, Hidden, typename Policy::attention_output, T, typename Dropout::hidden, Scaled>;
  using core = attention<Hidden, Heads, typename Policy::attention, T>;
  using value_dropout = dropout<Hidden, typename Dropout::attention, T>;
  static constexpr bool key_bias = Policy::attention::keys == attention_keys::with_bias;
  using whole_batch<self_attention, T>::forward;
  using whole_batch<self_attention, T>::backward;

  struct kept_type {
    typename projection_type::kept_type input;
    typename core::kept_type attention;
    typename output_type::kept_type output;  ///< of the rows that live
    sequence_batch batch;
    live_rows live = live_rows::all;

    [[nodiscard]] constexpr kept_type part(index_t first, index_t count) const {
      index_t const row = batch.first(first);
      return {input.rows_from(row), attention.from(row, batch), output.part(first, count), batch.part(first, count),
              live};
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
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visit_projections(visitor, name + ".query", name + ".key", name + ".value");
    visit_output(visitor, name + ".output");
    visit_scale(visitor, name + ".scale");
  }

  /// @param live rows of the output that somebody reads
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                         live_rows live = live_rows::all) const {
    kept_type kept;
    kept.input = projections_.keep(run, batch.rows(), "attention's input");
    kept.attention = core::keep(run, batch, operand_places());
    kept.output = output_.keep(run, live_part(batch, live), "attention's output");
    kept.batch = batch;
    kept.live = live;
    return kept;
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    output_.release(run, kept.output);
    core::release(run, kept.attention);
    projections_.release(run, kept.input);
  }

  /// The residual may be the output or the input, of which all rows are given, and the output may lie on the first rows
  /// of either.
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    auto const range = run.range("attention");
    bool const all = kept.live == live_rows::all;
    auto const& batch = kept.batch;
    index_t const live_count = kept.output.batch.rows() * Hidden;
    projections_.save_input(run, kept.input, in.input, batch.rows());
    output_target<T> const attended(run, kept.output.input, live_count);
    {
      auto const whole = run.template scratch<T>(all ? 0 : batch.rows() * Hidden);
      T* const attended_rows = all ? attended.data() : whole.data();
      attend(run, kept, in.input, attended_rows);
      if (!all) { gather_first_rows<Hidden>(run, attended_rows, batch, attended.data()); }
    }
    // As much memory with a residual as without one, which plans cannot tell apart.
    auto const live_residual = run.template scratch<T>(all ? 0 : live_count);
    bool const gathers = !all && in.residual != nullptr;
    if (gathers) { gather_first_rows<Hidden>(run, in.residual, batch, live_residual.data()); }
    output_.forward(run, kept.output,
                    {.input = attended.data(), .residual = gathers ? live_residual.data() : in.residual}, out);
  }

  template <class Updates>
  struct gradients {
    typename projection_type::template gradients<Updates> operands;
    typename output_type::template gradients<Updates> output;

    template <class Context>
    constexpr gradients(Context& run, self_attention const& layer)
        : operands(run, layer.projections_), output(run, layer.output_) {}
    template <class Context>
    constexpr void finish(Context& run, self_attention const& layer) {
      operands.finish();
      output.finish(run, layer.output_);
    }
    /// From now on the partial sums of biases are added up with others; `waiting_numbers` says what they take.
    constexpr void wait_in(waiting_sums<T>* waiting) {
      operands.waiting = waiting;
      output.waiting = waiting;
    }
    template <class Context>
    [[nodiscard]] constexpr index_t waiting_numbers(Context const& run, sequence_batch const& batch, live_rows live) {
      index_t numbers = output.waiting_numbers_of_pass(run, live_part(batch, live).rows());
      for (int i = 0; i < 3; ++i) {
        if (has_bias_gradient(i)) { numbers += operands.waiting_numbers(bias_sums(run, batch), i); }
      }
      return numbers;
    }
  };

  /// The output's gradient has the rows that live; the input's may lie in its place where all do, or be
  /// null.
  template <class Context, class Updates, class Source = kept_input>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T, Source> const& above,
                          backward_results<T> const& below, gradients<Updates>& sums) const {
    auto const range = run.range("attention");
    auto const& batch = kept.batch;
    index_t const rows = batch.rows();
    auto const operand_gradients = run.template scratch<T>(3 * rows * Hidden);
    std::array<T*, 3> const each{operand_gradients.data(), advance(operand_gradients.data(), rows * Hidden),
                                 advance(operand_gradients.data(), 2 * rows * Hidden)};
    backward_of_attention(run, kept, above.output_gradient, each, sums);
    for (int i = 0; i < 3; ++i) {
      projections_.apply_transpose(run, each[static_cast<std::size_t>(i)], rows, below.input_gradient,
                                   i == 0 ? below.mode : update_mode::accumulate, i);
    }
    if constexpr (std::same_as<Source, kept_input>) {
      projections_.add_weight_gradients(run, kept.input, {each[0], each[1], each[2]}, rows, sums.operands);
    } else {
      projections_.add_weight_gradients(run, above.input, {each[0], each[1], each[2]}, rows, sums.operands);
    }
  }

 private:
  /// A bias of the keys that softmax ignores has none: what sums over rows would give is rounding errors.
  static constexpr bool has_bias_gradient(int i) { return i != 1 || key_bias; }
  /// Partial sums for the gradient of a bias: of every sequence, or of as many blocks as a pass makes.
  template <class Context>
  static constexpr index_t bias_sums(Context const& run, sequence_batch const& batch) {
    index_t const blocks = most_bias_blocks<Hidden>(run, batch.rows());
    return core::template sums_columns<Context> ? std::max(batch.count(), blocks) : blocks;
  }
  /// Queries, keys and values of the input, and attention: overwrites `output` (all rows).
  template <class Context>
  constexpr void attend(Context& run, kept_type const& kept, T const* input, T* output) const {
    auto const& batch = kept.batch;
    index_t const rows = batch.rows();
    output_target<T> const query(run, kept.attention.operands[0], rows * Hidden);
    output_target<T> const key(run, kept.attention.operands[1], rows * Hidden);
    output_target<T> const value(run, kept.attention.operands[2], rows * Hidden);
    projections_.apply(run, input, rows, {.output = query.data()}, 0);
    projections_.apply(run, input, rows, {.output = key.data(), .adds_bias = key_bias}, 1);
    projections_.apply(run, input, rows, {.output = value.data()}, 2);
    value_drop(batch).apply(run, value.data(), rows);
    core::forward(run, {query.data(), key.data(), value.data()}, kept.attention, batch, output, operand_places());
  }
  /// Overwrites `gradients` of queries, keys and values and adds those of their biases, and the output projection's.
  template <class Context, class Updates>
  constexpr void backward_of_attention(Context& run, kept_type const& kept, T const* output_gradient,
                                       std::array<T*, 3> const& operand_gradients, gradients<Updates>& sums) const {
    auto const& batch = kept.batch;
    index_t const rows = batch.rows();
    auto const drop = value_drop(batch);
    constexpr bool makes_sums = core::template sums_columns<Context>;
    index_t const most = makes_sums ? bias_sums(run, batch) : 0;
    auto query_sums = sums.operands.sums_of_bias(run, most, 0);
    auto value_sums = sums.operands.sums_of_bias(run, most, 2);
    bool made = false;
    {
      auto const attended_gradient = run.template scratch<T>(rows * Hidden);
      backward_of_output(run, kept, output_gradient, attended_gradient.data(), sums);
      made = core::backward(run, kept.attention, batch, attended_gradient.data(), operand_gradients,
                            {query_sums.data(), value_sums.data()});
      drop.apply(run, operand_gradients[2], rows);
    }
    auto const add = [&](std::size_t i, bool are_made, [[maybe_unused]] auto& parts) {
      auto const number = static_cast<int>(i);
      if constexpr (makes_sums) {
        if (are_made) {
          parts.shrink(batch.count());
        } else if (sums.operands.wants_bias(number)) {
          sum_columns(run, operand_gradients[i], rows, parts);
        }
        projections_.add_bias_gradient(run, parts, sums.operands, number);
      } else {
        projections_.add_bias_gradient(run, operand_gradients[i], rows, sums.operands, number);
      }
    };
    add(0, made, query_sums);
    if constexpr (key_bias) {
      projections_.add_bias_gradient(run, operand_gradients[1], rows, sums.operands, 1);
    } else {
      projections_.add_no_bias_gradient(run, sums.operands, 1);
    }
    add(2, made && !value_dropout::happens(run), value_sums);
  }
  /// Overwrites `attended_gradient` (all rows) and adds the gradients of the output projection.
  template <class Context, class Updates>
  constexpr void backward_of_output(Context& run, kept_type const& kept, T const* output_gradient, T* attended_gradient,
                                    gradients<Updates>& sums) const {
    bool const all = kept.live == live_rows::all;
    auto const first_rows = run.template scratch<T>(all ? 0 : kept.output.batch.rows() * Hidden);
    output_.backward(run, kept.output, {.output_gradient = output_gradient},
                     {.input_gradient = all ? attended_gradient : first_rows.data()}, sums.output);
    if (!all) { spread_first_rows<Hidden>(run, first_rows.data(), kept.batch, attended_gradient); }
  }

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
