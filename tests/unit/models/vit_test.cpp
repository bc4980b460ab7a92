// SPDX-License-Identifier: MIT
// The vision transformer against PyTorch's numbers, and every policy against the exact gradients.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/fixture.hpp"
#include "support/gradients.hpp"
#include "support/vit_fixture.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

template <class Policy, class T>
using fixture_model = vit<fixture_shape, Policy, host, T>;

std::string file_of(float) { return "vit_small_f32.safetensors"; }
std::string file_of(double) { return "vit_small_f64.safetensors"; }

/// PyTorch sums in another order: a few units in the last place, times the depth of the sums.
template <class T>
constexpr double tolerance(double in_float) {
  return std::is_same_v<T, float> ? in_float : 1e-10;
}

/// The first of two blocks keeps its input only.
template <class Policy, class Input = stash::dense>
struct recomputed : Policy {
  using blocks = slimfit::blocks::recompute_lowest<1, Input>;
};

template <class Policy, class T>
pass_result gradients_with(vit_fixture<T> const& fixture) {
  host device({.threads = 2});
  fixture_model<Policy, T> net(device);
  fixture.set_weights(net);
  return gradients_of(net, fixture.images, fixture.labels, active_set::all(net.units));
}

}  // namespace

TEST_CASE_TEMPLATE("vit: loss and gradients equal PyTorch's", T, float, double) {
  vit_fixture<T> const fixture(file_of(T{}));
  auto const check = [&]<class Policy>(Policy) {
    host device;
    fixture_model<Policy, T> net(device);
    auto const result = gradients_with<Policy, T>(fixture);
    CHECK(result.loss == doctest::Approx(fixture.read(fixture.file, "loss")[0]).epsilon(tolerance<T>(1e-6)));
    for (auto const& named : net.parameters()) {
      auto const& name = named.name;
      auto const& each = named.value;
      if (is_key_bias(name)) { continue; }
      CAPTURE(name);
      auto const expected = fixture.read(fixture.file, "grad." + name);
      CHECK(relative_error(result.gradients[static_cast<std::size_t>(each.position)], expected) < tolerance<T>(1e-4));
    }
  };
  SUBCASE("eager") { check(policy::eager{}); }
  SUBCASE("exact") { check(policy::exact{}); }
}

TEST_CASE_TEMPLATE("vit: three AdamW steps give PyTorch's weights", T, float, double) {
  vit_fixture<T> const fixture(file_of(T{}));
  safetensors_file const after(
      std::string(SLIMFIT_FIXTURES) + "/" +
      (std::is_same_v<T, float> ? "vit_small_f32.safetensors" : "vit_small_f64_adamw.safetensors"));
  auto const check = [&](double decay, std::string const& prefix) {
    host device;
    fixture_model<policy::eager, T> net(device);
    fixture.set_weights(net);
    trainer run(net, adamw{.learning_rate = 1e-3, .weight_decay = decay});
    auto const losses = fixture.read(fixture.file, "losses");
    for (std::size_t step = 0; step < 3; ++step) {
      auto const report = run.step(fixture.images, fixture.labels);
      // The fixture's losses are those with decay; without it they differ in the fifth digit.
      CHECK(report.loss == doctest::Approx(losses[step]).epsilon(decay > 0 ? tolerance<T>(2e-6) : 1e-3));
    }
    for (auto const& named : net.parameters()) {
      auto const& name = named.name;
      auto const& each = named.value;
      if (is_key_bias(name)) { continue; }
      CAPTURE(name);
      std::vector<double> const actual(each.data, each.data + each.count());
      CHECK(relative_error(actual, fixture.read(after, prefix + name)) < tolerance<T>(1e-5));
    }
  };
  SUBCASE("with decay") { check(0.01, "after3."); }
  SUBCASE("without decay") { check(0.0, "after3_nodecay."); }
}

TEST_CASE("vit: coded stashes give gradients close to the exact ones") {
  // The worst of all parameters over a few rows of 32 features differs from batch to batch by half: means of many.
  constexpr unsigned draws = 24;
  host device;
  fixture_model<policy::eager, double> const net(device);
  /// By preset, slim with 4, 3 and 2 bits and paper: the worst error of weights and biases, and of normalisation
  /// weights.
  std::array<double, 4> errors{};
  std::array<double, 4> norm_errors{};
  for (unsigned draw = 0; draw < draws; ++draw) {
    vit_fixture<double> fixture(file_of(double{}));
    if (draw > 0) { fixture.images = test::normal<double>(std::ssize(fixture.images), draw); }
    auto const exact = gradients_with<policy::exact>(fixture);
    auto const worst = [&](pass_result const& coded, bool norms) {
      CHECK(coded.loss == doctest::Approx(exact.loss).epsilon(1e-12));
      double largest = 0;
      for (auto const& [name, each] : net.parameters()) {
        bool const is_norm = name.find("layernorm") != std::string::npos && name.find("weight") != std::string::npos;
        if (is_key_bias(name) || is_norm != norms) { continue; }
        auto const i = static_cast<std::size_t>(each.position);
        largest = std::max(largest, relative_error(coded.gradients[i], exact.gradients[i]));
      }
      return largest;
    };
    auto const add = [&](std::size_t preset, pass_result const& coded) {
      errors[preset] += worst(coded, false) / draws;
      norm_errors[preset] += worst(coded, true) / draws;
    };
    add(0, gradients_with<policy::slim>(fixture));
    add(1, gradients_with<policy::slim_3bit>(fixture));
    add(2, gradients_with<policy::slim_2bit>(fixture));
    add(3, gradients_with<policy::paper>(fixture));
  }
  MESSAGE("slim ", errors[0], ", 3 bits ", errors[1], ", 2 bits ", errors[2], ", paper ", errors[3]);
  // A tenth above what these draws give.
  CHECK(errors[0] < 0.09);
  CHECK(errors[1] < 0.18);
  CHECK(errors[2] < 0.35);
  CHECK(errors[3] < 0.2);
  CHECK(errors[0] < 0.5 * errors[3]);
  CHECK(norm_errors[0] < norm_errors[1]);
  CHECK(norm_errors[1] < norm_errors[2]);
}

namespace {

/// The largest relative error of a parameter's gradient.
double worst_error(pass_result const& actual, pass_result const& expected) {
  host device;
  fixture_model<policy::exact, double> const net(device);
  double worst = 0;
  for (auto const& [name, each] : net.parameters()) {
    auto const i = static_cast<std::size_t>(each.position);
    if (!is_key_bias(name)) { worst = std::max(worst, relative_error(actual.gradients[i], expected.gradients[i])); }
  }
  return worst;
}

}  // namespace

TEST_CASE("vit: everything in 8 bits, linears' inputs rebuilt from the codes") {
  vit_fixture<double> const fixture(file_of(double{}));
  auto const exact = gradients_with<policy::exact>(fixture);
  auto const coded = gradients_with<policy::slim_8bit>(fixture);
  CHECK(coded.loss == exact.loss);
  double const worst = worst_error(coded, exact);
  // A sixteenth of what 4 bits give (0.09), and as much for the operands of attention, which `slim` has in 8 bits, too.
  CHECK(worst > 0);
  CHECK(worst < 0.02);
}

TEST_CASE("vit: recomputed blocks give the gradients of stashed ones") {
  vit_fixture<double> const fixture(file_of(double{}));
  auto const exact = gradients_with<policy::exact>(fixture);
  auto const same = [&](pass_result const& other, pass_result const& expected) {
    CHECK(other.loss == expected.loss);
    for (std::size_t i = 0; i < expected.gradients.size(); ++i) { CHECK(other.gradients[i] == expected.gradients[i]); }
  };
  same(gradients_with<policy::exact_half_recomputed>(fixture), exact);  // one of its two blocks
  same(gradients_with<policy::exact_recomputed>(fixture), exact);
  // Stashes' random numbers come from counters, so the second forward pass codes as the only one would.
  same(gradients_with<recomputed<policy::slim>>(fixture), gradients_with<policy::slim>(fixture));
  same(gradients_with<recomputed<policy::paper>>(fixture), gradients_with<policy::paper>(fixture));
  // An input in 8 bits: relative error 2^-9 of the largest of 8 values, through the block.
  auto const coded = gradients_with<recomputed<policy::exact, stash::quantized<format::affine<8, 8>>>>(fixture);
  CHECK(coded.loss == exact.loss);
  double const worst = worst_error(coded, exact);
  CHECK(worst > 0);
  CHECK(worst < 0.02);
}

TEST_CASE_TEMPLATE("vit: in bf16 gradients stay near those in float", P, policy::eager, policy::paper, policy::exact,
                   policy::slim) {
  vit_fixture<float> const fixture(file_of(float{}));
  auto const expected = gradients_with<P>(fixture);
  host device({.threads = 2});
  fixture_model<P, float> const wide(device);
  fixture_model<P, bf16> net(device);
  fixture.set_weights(net);
  std::vector<bf16> images;
  for (float const value : fixture.images) { images.push_back(bf16(value)); }
  auto const actual = gradients_of(net, images, fixture.labels, active_set::all(net.units));
  CHECK(actual.loss == doctest::Approx(expected.loss).epsilon(0.01));
  for (auto const& named : wide.parameters()) {
    auto const& name = named.name;
    auto const& each = named.value;
    if (is_key_bias(name)) { continue; }
    CAPTURE(name);
    auto const i = static_cast<std::size_t>(each.position);
    // Weights, activations and gradients with 8 bits each, 2^-9, through some thirty roundings. Codes of rounded
    // numbers differ from those of others by as much as codes err.
    double const bound = std::is_same_v<P, policy::paper> ? 0.2 : std::is_same_v<P, policy::slim> ? 0.09 : 0.03;
    CHECK(relative_error(actual.gradients[i], expected.gradients[i]) < bound);
  }
}

TEST_CASE("vit: gradients equal central differences of the loss") {
  vit_fixture<double> const fixture(file_of(double{}));
  host device;
  fixture_model<policy::exact, double> net(device);
  fixture.set_weights(net);
  auto const frozen = active_set::none();
  auto const loss = [&] { return gradients_of(net, fixture.images, fixture.labels, frozen).loss; };
  auto const result = gradients_of(net, fixture.images, fixture.labels, active_set::all(net.units));
  constexpr double step = 1e-5;
  for (auto const& named : net.parameters()) {
    auto const& name = named.name;
    auto const& each = named.value;
    CAPTURE(name);
    for (index_t i : {index_t{0}, each.count() / 2, each.count() - 1}) {
      double const before = each.data[i];
      each.data[i] = before + step;
      double const above = loss();
      each.data[i] = before - step;
      double const below = loss();
      each.data[i] = before;
      // Truncation is of the order step^2, rounding of 1e-16 / step.
      double const expected = result.gradients[static_cast<std::size_t>(each.position)][static_cast<std::size_t>(i)];
      CHECK((above - below) / (2 * step) == doctest::Approx(expected).epsilon(1e-5).scale(1e-3));
    }
  }
}
