// SPDX-License-Identifier: MIT
// What a trainer checks: what it is made of, at compile time; a batch before it is worked on; and what was wrong with
// it where a loss came out as no number.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include <slimfit/core/error.hpp>
#include <slimfit/freezing/schedule.hpp>
#include <slimfit/train/step_report.hpp>

namespace slimfit::detail {

template <class Model, class Optimizer, class Schedule, class LearningRate>
struct checked_trainer {
  static_assert(
      requires { typename Optimizer::template optimizer<typename Model::device_type, typename Model::value_type>; },
      "slimfit: trainer<Model, Optimizer, ...>: Optimizer must be the options of an optimizer, e.g. "
      "adamw{.learning_rate = 1e-4}");
  static_assert(freezing::freezing_schedule<Schedule>,
                "slimfit: trainer<Model, Optimizer, Schedule>: Schedule must be a schedule, e.g. "
                "freezing::inter_layer<freezing::relative_update, percent<95>>; a criterion alone is none");
  static_assert(
      requires(LearningRate const& rate, index_t n) {
        { rate(n, n) } -> std::convertible_to<double>;
      },
      "slimfit: trainer<..., LearningRate>: LearningRate must be callable as double(index_t step, index_t steps), like "
      "linear_decay");
};

/// Whether inputs and labels are spans of what a network reads, or become such.
template <class Network, class Inputs, class Labels>
concept batch_of = std::convertible_to<Inputs const&, std::span<typename Network::input_type const>> &&
    std::convertible_to<Labels const&, std::span<typename Network::loss_type::label_type const>>;
/// The result of functions that take a batch of other types: there are none.
template <class Result, bool IsBatch = false>
struct checked_data {
  static_assert(
      IsBatch,
      "slimfit: trainer: inputs and labels must be contiguous, of the network's types: images of its scalar (float) "
      "or ids of std::int32_t, and labels of std::int32_t for classes and spans, of its scalar for numbers");
  using type = Result;
};

/// What a trainer has for data of other types than `Network` reads: the compiler says what is expected.
template <class Network>
struct other_data {
  template <class Inputs, class Labels>
  requires(!batch_of<Network, Inputs, Labels>) auto step(Inputs const&, Labels const&) ->
      typename checked_data<step_report, batch_of<Network, Inputs, Labels>>::type;
  template <class Inputs, class Labels>
  requires(!batch_of<Network, Inputs, Labels>) auto enqueue(Inputs const&, Labels const&) ->
      typename checked_data<void, batch_of<Network, Inputs, Labels>>::type;
  template <class Inputs, class Labels>
  requires(!batch_of<Network, Inputs, Labels>) auto accumulate(Inputs const&, Labels const&) ->
      typename checked_data<void, batch_of<Network, Inputs, Labels>>::type;
  template <class Inputs, class Labels>
  requires(!batch_of<Network, Inputs, Labels>) auto evaluate(Inputs const&, Labels const&, index_t) ->
      typename checked_data<evaluation, batch_of<Network, Inputs, Labels>>::type;
};

template <class Network>
struct batch_checks {
  using input_type = typename Network::input_type;
  using loss_type = typename Network::loss_type;
  using label_type = typename loss_type::label_type;

  /// @param whose what there are `count` of
  /// @throws shape_error, value_error
  static void check_inputs(std::span<input_type const> inputs, index_t count, char const* whose) {
    if (std::ssize(inputs) != count * Network::inputs) {
      raise_mismatch<shape_error>("inputs: count", std::ssize(inputs),
                                  {count, " ", whose, " x ", Network::inputs, " = ", count * Network::inputs});
    }
    if constexpr (requires { Network::check_inputs(inputs); }) { Network::check_inputs(inputs); }
  }
  /// @return the number of samples @throws shape_error, value_error
  static index_t check(std::span<input_type const> inputs) {
    if (std::ssize(inputs) % Network::inputs != 0) {
      raise_mismatch<shape_error>("inputs: count", std::ssize(inputs),
                                  {"a multiple of ", Network::inputs, ", the inputs of a sample"});
    }
    auto const count = std::ssize(inputs) / Network::inputs;
    check_inputs(inputs, count, "samples");
    return count;
  }
  /// @return the number of samples @throws shape_error, value_error
  static index_t check(std::span<input_type const> inputs, std::span<label_type const> labels) {
    auto const count = std::ssize(labels) / loss_type::labels;
    if (count == 0) { raise_mismatch<shape_error>("labels: count", std::ssize(labels), {"at least 1"}); }
    if (std::ssize(labels) % loss_type::labels != 0) {
      raise_mismatch<shape_error>("labels: count", std::ssize(labels),
                                  {"a multiple of ", loss_type::labels, ", the labels of a sample"});
    }
    check_inputs(inputs, count, loss_type::labels == 1 ? "labels" : "samples");
    loss_type::check(labels, Network::tokens);
    return count;
  }
  /// @throws value_error
  [[noreturn]] static void report_not_finite(std::span<input_type const> inputs, double loss) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto const value = as_number(inputs[i]);
      if (!std::isfinite(value)) {
        raise_mismatch<value_error>(
            joined({"inputs: element ", i % Network::inputs, " of sample ", i / Network::inputs}), value,
            {"a finite number"});
      }
    }
    raise_mismatch<value_error>("loss", loss,
                                {"a finite number (the inputs are finite; is the learning rate too high?)"});
  }
  /// @param squares the sum of the parameter's squared gradients, see `optimizer_base::squared_gradient`
  /// @param released whether weights change during the backward pass
  /// @throws value_error
  [[noreturn]] static void report_update(std::string const& name, double squares, bool released) {
    bool const gradient = squares != -std::numeric_limits<double>::infinity();
    std::string const what =
        gradient ? "sum of squares of the gradient of " : "largest weight or moment after an update of ";
    std::string const left = gradient && !released ? "nothing was updated"
                                                   : "what would not be finite and what comes after it was not updated";
    raise_mismatch<value_error>(joined({what, name}), std::abs(squares),
                                {"a finite number (the loss is finite; is the learning rate too high?); ", left});
  }

 private:
  static double as_number(input_type value) {
    if constexpr (std::is_arithmetic_v<input_type>) {
      return static_cast<double>(value);
    } else {
      return static_cast<double>(static_cast<float>(value));
    }
  }
};

}  // namespace slimfit::detail
