// SPDX-License-Identifier: MIT
// Any layer against differences of a loss in double, and the same layer run in parts.
#pragma once

#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/pass/bind.hpp>

#include <cmath>
#include <vector>

#include "support/fixture.hpp"
#include "support/gradients.hpp"

namespace slimfit::testing {

/// A layer with weights of its own, and the loss sum(r * y) for rows y of its output and fixed numbers r.
template <class Layer>
class layer_check {
 public:
  /// @param live rows of the output that the loss reads
  layer_check(sequence_batch const& batch, index_t inputs, index_t outputs, live_rows live = live_rows::all)
      : batch_(batch), outputs_(outputs), live_(live), x_(draw(batch.rows() * inputs, 1)) {
    auto const layout = bind_parameters(network_, nullptr, bias_updates::always);
    weights_ = draw(layout.elements, 2);
    for (auto& each : weights_) { each = 0.5 * each + 0.3; }
    bind_parameters(network_, weights_.data(), bias_updates::always);
    r_ = draw(live_part(batch, live).rows() * outputs, 3);
  }

  /// Gradients of the input and of every parameter, all of whose units are active.
  void check_gradients() {
    recording_updates updates;
    auto const dx = backward(updates);
    check(dx, x_, "input");
    network_.visit(
        [&](parameter<double>& each, std::string const& name) {
          auto const& found = updates.gradients[static_cast<std::size_t>(each.position)];
          REQUIRE(std::ssize(found) == each.count());
          check(found, std::span(each.data, static_cast<std::size_t>(each.count())), name);
        },
        std::string{});
  }
  /// Without memory for the input's gradient those of the parameters are the same.
  void check_without_input_gradient() {
    recording_updates with;
    static_cast<void>(backward(with));
    recording_updates without;
    auto context = begin(without);
    std::vector<double> y(static_cast<std::size_t>(batch_.rows() * outputs_));
    auto const kept = network_.layer.forward(context.run, batch_, {.input = x_.data()}, {.output = y.data()});
    network_.layer.backward(context.run, kept, {.output_gradient = r_.data()}, {});
    CHECK(without.gradients == with.gradients);
  }
  /// Without it, and where it is to be added, the layer refuses; so it does for a residual.
  void check_refusals(bool accumulates) {
    recording_updates updates;
    auto context = begin(updates);
    std::vector<double> y(static_cast<std::size_t>(batch_.rows() * outputs_));
    std::vector<double> dx(x_.size());
    forward_operands<double> const with_residual{.input = x_.data(), .residual = x_.data()};
    CHECK_THROWS_AS(static_cast<void>(network_.layer.forward(context.run, batch_, with_residual, {.output = y.data()})),
                    usage_error);
    auto again = begin(updates);
    auto const kept = network_.layer.forward(again.run, batch_, {.input = x_.data()}, {.output = y.data()});
    CHECK_THROWS_AS(network_.layer.backward(again.run, kept, {.output_gradient = r_.data()}, {}), usage_error);
    if (accumulates) { return; }
    backward_results<double> const added{.input_gradient = dx.data(), .mode = update_mode::accumulate};
    CHECK_THROWS_AS(network_.layer.backward(again.run, kept, {.output_gradient = r_.data()}, added), usage_error);
  }
  /// The layer run over parts of `rows` rows gives the same output, and the same gradients but for rounding.
  void check_parts(index_t rows) {
    recording_updates whole;
    auto const y = forward();
    auto const dx = backward(whole);
    recording_updates parts;
    auto context = begin(parts);
    auto& run = context.run;
    auto const& each = network_.layer;
    std::vector<double> y_parts(y.size());
    std::vector<double> dx_parts(dx.size());
    auto const kept = each.keep(run, batch_);
    index_t const inputs = std::ssize(x_) / batch_.rows();
    for_each_part(run, batch_, rows, [&](index_t first, index_t count) {
      index_t const row = batch_.first(first);
      each.forward(run, kept.part(first, count), {.input = x_.data() + row * inputs},
                   {.output = y_parts.data() + row * outputs_});
    });
    {
      typename Layer::template gradients<recording_updates> sums(run, each);
      for_each_part(run, batch_, rows, [&](index_t first, index_t count) {
        index_t const row = batch_.first(first);
        each.backward(run, kept.part(first, count), {.output_gradient = r_.data() + row * outputs_},
                      {.input_gradient = dx_parts.data() + row * inputs}, sums);
      });
      sums.finish(run, each);
    }
    each.release(run, kept);
    CHECK(test::relative_error(y_parts, y) < 1e-14);
    CHECK(test::relative_error(dx_parts, dx) < 1e-13);
    for (std::size_t i = 0; i < whole.gradients.size(); ++i) {
      REQUIRE(parts.gradients[i].size() == whole.gradients[i].size());
      for (std::size_t j = 0; j < whole.gradients[i].size(); ++j) {  // that of a key's bias is rounding alone
        CHECK(std::abs(parts.gradients[i][j] - whole.gradients[i][j]) < 1e-12 * (1 + std::abs(whole.gradients[i][j])));
      }
    }
  }

 private:
  struct pass {
    explicit pass(recording_updates& updates) : run{device, tape.memory(), updates, active_set::all(64), true, 0, 0} {}
    host device{{.threads = 2}};
    test::tape tape;
    context<host, recording_updates> run;
  };
  static pass begin(recording_updates& updates) { return pass(updates); }
  static std::vector<double> draw(index_t count, unsigned seed) {
    auto const values = test::normal<double>(count, seed);
    return {values.begin(), values.end()};
  }
  std::vector<double> backward(recording_updates& updates) {
    auto context = begin(updates);
    std::vector<double> y(static_cast<std::size_t>(batch_.rows() * outputs_));
    auto input = x_;  // blocks change it in place where it is the output
    auto const kept =
        network_.layer.forward(context.run, batch_, {.input = input.data()}, {.output = y.data(), .live = live_});
    std::vector<double> gradient(std::max(y.size(), x_.size()));
    std::copy(r_.begin(), r_.end(), gradient.begin());
    std::vector<double> dx(x_.size());
    network_.layer.backward(context.run, kept, {.output_gradient = gradient.data()}, {.input_gradient = dx.data()});
    CHECK(context.tape.memory().tape_bytes() == 0);
    return dx;
  }
  std::vector<double> forward() {
    recording_updates updates;
    auto context = begin(updates);
    std::vector<double> y(static_cast<std::size_t>(batch_.rows() * outputs_));
    static_cast<void>(
        network_.layer.forward(context.run, batch_, {.input = x_.data()}, {.output = y.data(), .live = live_}));
    y.resize(r_.size());
    return y;
  }
  double loss() {
    auto const y = forward();
    double sum = 0;
    for (std::size_t i = 0; i < r_.size(); ++i) { sum += r_[i] * y[i]; }
    return sum;
  }
  /// Compares a few numbers of `found` with differences of the loss along those of `values`.
  template <class Values>
  void check(std::vector<double> const& found, Values&& values, std::string const& name) {
    std::string const& of = name;
    CAPTURE(of);
    std::size_t const step = std::max<std::size_t>(found.size() / 7, 1);
    for (std::size_t i = 0; i < found.size(); i += step) {
      double const value = values[i];
      constexpr double h = 1e-5;
      values[i] = value + h;
      double const above = loss();
      values[i] = value - h;
      double const below = loss();
      values[i] = value;
      CAPTURE(i);
      CHECK(std::abs(found[i] - (above - below) / (2 * h)) < 1e-6 * (1 + std::abs(found[i])));
    }
  }

  layer_network<Layer> network_;
  sequence_batch batch_;
  index_t outputs_;
  live_rows live_;
  std::vector<double> x_;
  std::vector<double> weights_;
  std::vector<double> r_;
};

}  // namespace slimfit::testing
