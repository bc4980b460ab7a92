// SPDX-License-Identifier: MIT
// What the documentation's examples put together: gradients against differences of the loss in double, what is kept,
// and memory as planned.
#include <doctest/doctest.h>
#include <slimfit/slimfit.hpp>

#include "examples/extending/feature_scale.hpp"
#include "examples/extending/gated_vit.hpp"
#include "examples/extending/relu.hpp"
#include "examples/extending/thirds.hpp"
#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 24, .layers = 4, .classes = 3};
constexpr index_t batch = 3;

struct exact_gate : policy::exact {
  using gate = stash::dense;
};

/// Compares the gradients of `Network` with differences of the loss: along the gradient of each parameter, and for the
/// first numbers of each.
template <class Network>
void check_gradients() {
  using model_type = model<Network, host>;
  host device({.threads = 2});
  model_type net(device, 11);
  auto const images = test::normal<double>(batch * Network::inputs, 5);
  std::vector<double> const inputs(images.begin(), images.end());
  std::vector<std::int32_t> const labels{0, 2, 1};
  for (auto const& [name, each] : net.parameters()) {  // normalisation weights of 1 would hide a mistake
    for (index_t i = 0; i < each.count(); ++i) {
      each.data[i] += 0.3 * std::sin(static_cast<double>(7 * i + each.position));
    }
  }
  auto const all = active_set::all(model_type::units);
  auto const gradients = testing::gradients_of(net, inputs, labels, all).gradients;
  for (auto const& [name, each] : net.parameters()) {
    auto const& parameter_name = name;  // Clang 14 captures no structured bindings
    CAPTURE(parameter_name);
    auto const& found = gradients[static_cast<std::size_t>(each.position)];
    REQUIRE(std::ssize(found) == each.count());
    for (index_t i = 0; i < std::min<index_t>(each.count(), 3); ++i) {
      double const weight = each.data[i];
      constexpr double step = 1e-5;
      each.data[i] = weight + step;
      double const above = testing::gradients_of(net, inputs, labels, active_set::none()).loss;
      each.data[i] = weight - step;
      double const below = testing::gradients_of(net, inputs, labels, active_set::none()).loss;
      each.data[i] = weight;
      CHECK(found[static_cast<std::size_t>(i)] == doctest::Approx((above - below) / (2 * step)).epsilon(1e-5));
    }
  }
}

/// Trains a step; memory must be what the plan says.
template <class Model>
memory_usage check_plan() {
  host device({.threads = 2});
  Model net(device, 1);
  trainer run(net, adamw{});
  auto const images = test::normal<float>(batch * Model::network_type::inputs, 5);
  std::vector<float> const inputs(images.begin(), images.end());
  std::vector<std::int32_t> const labels{0, 2, 1};
  step_report report;
  for (int step = 0; step < 3; ++step) { report = run.step(inputs, labels); }
  CHECK(report.measured == report.planned);
  CHECK(report.measured.total <= plan<Model>(batch).bound().total);
  return report.measured;
}

template <class Policy>
using gated = gated_vit<shape, Policy, double>;

template <scalar T>
struct scaled_parts : vit_parts<shape, policy::exact, T> {
  using before_stack = feature_scale<shape.hidden, stash::dense, T>;
  using behind_stack = feature_scale<shape.hidden, stash::dense, T>;
};

/// GELU in place of SiLU, and linears without biases throughout the MLP.
template <class Policy, scalar T>
struct gelu_gated_parts : vit_parts<shape, Policy, T> {
  template <class BlockPolicy>
  using block = slimfit::block<
      typename BlockPolicy::chunk,
      residual_half<layer_norm<shape.hidden, typename BlockPolicy::norm, T>,
                    self_attention<shape.hidden, shape.heads, BlockPolicy, T>, residual::stream>,
      residual_half<layer_norm<shape.hidden, typename BlockPolicy::norm, T>,
                    gated_mlp<shape.hidden, shape.mlp, stash::dense, activation::gelu, T>, residual::stream>>;
  using stack = policy_stack<Policy, block, shape.layers>;
};

}  // namespace

TEST_CASE("a user's layer has the gradients of y = x * w, and keeps nothing while frozen") {
  constexpr int width = 5;
  constexpr index_t rows = 7;
  using layer_type = feature_scale<width, stash::dense, double>;
  for (bool const is_active : {true, false}) {
    layer_type layer;
    auto weight = test::normal<double>(width, 1);
    layer.visit(
        [&](parameter<double>& each, no_name) {
          each.data = weight.data();
          each.unit = 0;
          each.position = 0;
        },
        no_name{});
    active_set active;
    active.set(0, is_active);
    host device({.threads = 2});
    test::tape tape;
    testing::recording_updates updates;
    context<host, testing::recording_updates> run{device, tape.memory(), updates, active, true, 0, 0};
    auto const x = test::normal<double>(rows * width, 2);
    auto const dy = test::normal<double>(rows * width, 3);
    auto values = x;
    auto const kept = layer.forward(run, sequence_batch(rows, 1), {.input = values.data()}, {.output = values.data()});
    CHECK(tape.memory().tape_bytes() == (is_active ? arena::padded(rows * width * 8) : 0));
    auto gradient = dy;
    layer.backward(run, kept, {.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
    CHECK(tape.memory().tape_bytes() == 0);
    std::vector<double> expected(width);
    for (std::size_t i = 0; i < x.size(); ++i) {
      auto const j = i % width;
      expected[j] += x[i] * dy[i];
      CHECK(values[i] == x[i] * weight[j]);
      CHECK(gradient[i] == dy[i] * weight[j]);
    }
    if (is_active) {
      CHECK(test::relative_error(updates.gradients[0], expected) < 1e-14);
    } else {
      CHECK(updates.gradients.empty());
    }
  }
}

TEST_CASE("layers of one's own before and behind a stack have the right gradients") {
  check_gradients<vit_network<shape, policy::exact, double, scaled_parts<double>>>();
  static_cast<void>(check_plan<model<vit_network<shape, policy::exact, float, scaled_parts<float>>, host>>());
}

TEST_CASE("blocks of RMSNorm and a gated MLP have the right gradients") {
  check_gradients<gated<exact_gate>>();
  check_gradients<gated<policy::per_block<exact_gate, policy::lowest<1, exact_gate>, policy::lowest<2, exact_gate>>>>();
  check_gradients<vit_network<shape, policy::exact, double, gelu_gated_parts<policy::exact, double>>>();
}

TEST_CASE("a policy per block keeps in each what it says") {
  auto const eight = check_plan<model<gated_vit<shape, gated_policy<8>, float>, host>>();
  auto const mixed = check_plan<model<gated_vit<shape, mixed_policy, float>, host>>();
  auto const four = check_plan<model<gated_vit<shape, gated_policy<4>, float>, host>>();
  CHECK(eight.stored > mixed.stored);
  CHECK(mixed.stored > four.stored);
}

TEST_CASE("an activation of one's own, of which a bit is kept, has the right gradients") {
  check_gradients<relu_vit<shape, relu_policy<policy::exact>, double>>();
  auto const bits = check_plan<model<relu_vit<shape, relu_policy<policy::slim>, float>, host>>();
  auto const dense = check_plan<vit<shape, policy::exact, host>>();
  CHECK(bits.stored < dense.stored);
}

TEST_CASE("a schedule of one's own chooses the active units, and plans know how many they are") {
  using model_type = vit<shape, policy::slim, host>;
  host device({.threads = 1});
  model_type net(device, 1);
  trainer<model_type, adamw, thirds> run(net);
  auto const images = test::normal<float>(batch * model_type::network_type::inputs, 5);
  std::vector<float> const inputs(images.begin(), images.end());
  std::vector<std::int32_t> const labels{0, 2, 1};
  active_set seen;
  for (int step = 0; step < 3; ++step) {
    auto const report = run.step(inputs, labels);
    CHECK(report.measured == report.planned);
    CHECK(report.active.count() <= thirds::most_active(model_type::units));
    for (int unit = 0; unit < model_type::units; ++unit) {
      CHECK(report.active.test(unit) == ((unit + step) % 3 == 0));
      seen.set(unit, seen.test(unit) || report.active.test(unit));
    }
  }
  CHECK(seen == active_set::all(model_type::units));
  CHECK(plan<trainer<model_type, adamw, thirds>>(batch).most_active() == thirds::most_active(model_type::units));
}
