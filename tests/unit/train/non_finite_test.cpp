// SPDX-License-Identifier: MIT
// Steps whose loss is finite and whose gradients are not: what they leave, what they say, and that training goes on.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 64, .heads = 4, .mlp = 128, .layers = 2, .classes = 5};
constexpr index_t batch = 6;

using half = freezing::inter_layer<freezing::relative_update, percent<50>>;

struct samples {
  std::vector<float> images;
  std::vector<std::int32_t> labels;

  explicit samples(unsigned seed) : images(batch * 144), labels(batch) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (auto& pixel : images) { pixel = normal(random); }
    for (auto& label : labels) { label = static_cast<std::int32_t>(random() % 5); }
  }
};

template <class Trainer>
auto parameter_named(Trainer const& run, std::string const& name) {
  for (auto const& each : run.net().parameters()) {
    if (each.name == name) { return each.value; }
  }
  throw usage_error("no parameter " + name);
}

/// All that training changes, as numbers by name: weights by that of their parameter, state by its position.
template <class Trainer>
std::map<std::string, std::vector<float>> everything(Trainer& run) {
  std::map<std::string, std::vector<float>> all;
  for (auto const& [name, each] : run.net().parameters()) {
    for (index_t i = 0; i < each.count(); ++i) { all[name].push_back(static_cast<float>(each.data[i])); }
  }
  run.optimizer().for_each_state_array(run.parameter_counts(), [&](auto const& each) {
    for (index_t i = 0; i < each.count; ++i) { all["state " + each.name].push_back(static_cast<float>(each.data[i])); }
  });
  for (auto const number : run.schedule().save_state()) { all["schedule"].push_back(static_cast<float>(number)); }
  for (auto const count : run.optimizer().step_counts()) { all["steps"].push_back(static_cast<float>(count)); }
  all["iteration"].push_back(static_cast<float>(run.iteration()));
  return all;
}

template <class Trainer>
void step(Trainer& run, samples const& data, bool accumulated) {
  if (accumulated) {
    run.accumulate(std::span(data.images).first(2 * 144), std::span(data.labels).first(2));
    run.accumulate(std::span(data.images).subspan(2 * 144), std::span(data.labels).subspan(2));
    run.step();
  } else {
    run.step(data.images, data.labels);
  }
}

/// Makes the gradients below the last normalisation overflow, and the loss not: scores are small rows times a large
/// classifier.
class overflowing_gradients {
 public:
  template <class Trainer>
  explicit overflowing_gradients(Trainer& run)
      : norm_(parameter_named(run, "vit.layernorm.weight")), classifier_(parameter_named(run, "classifier.weight")) {
    scale(1e-12F, 1e36F);
  }
  /// Puts back what the weights were multiplied by, but for rounding.
  void undo() { scale(1e12F, 1e-36F); }

 private:
  void scale(float norm, float classifier) {
    auto const by = [](parameter<float> const& each, float factor) {
      for (index_t i = 0; i < each.count(); ++i) { each.data[i] *= factor; }
    };
    by(norm_, norm);
    by(classifier_, classifier);
  }
  parameter<float> norm_;
  parameter<float> classifier_;
};

/// @param strong whether the gradients are known to be finite before the first update
template <class Policy, class Options, class Schedule = freezing::never>
void check_failed_step(Options options, bool accumulated, bool strong) {
  using model = vit<shape, Policy, host>;
  host device({.threads = 1});
  model net(device, 1);
  trainer<model, Options, Schedule> run(net, options, {.seed = 3});
  step(run, samples(1), accumulated);
  overflowing_gradients broken(run);
  auto const before = everything(run);
  // Where the backward pass meets them first.
  CHECK_THROWS_WITH_AS(step(run, samples(2), accumulated), doctest::Contains("gradient of vit.layernorm."),
                       value_error);
  auto const after = everything(run);
  CHECK((after == before) == strong);
  for (auto const& [what, numbers] : after) {
    std::string const array = what;
    CAPTURE(array);
    CHECK(std::ranges::all_of(numbers, [](float each) { return std::isfinite(each); }));
    if (what == "schedule" || what == "iteration") { CHECK(numbers == before.at(what)); }
  }
  // Below the normalisation nothing has changed, and steps of what has not are not counted.
  auto const last = parameter_named(run, "vit.layernorm.weight").position;
  for (auto const& [parameter, each] : net.parameters()) {
    if (each.position < last) { CHECK(after.at(parameter) == before.at(parameter)); }
  }
  for (index_t i = 0; i < last; ++i) {
    auto const at = static_cast<std::size_t>(i);
    CHECK(after.at("steps")[at] == before.at("steps")[at]);
  }
  // Training goes on, and after a step that left everything, as if it had not been tried.
  broken.undo();
  step(run, samples(3), accumulated);
  CHECK(run.iteration() == 2);
  for (auto const& [what, numbers] : everything(run)) {
    CHECK(std::ranges::all_of(numbers, [](float each) { return std::isfinite(each); }));
  }
  if (!strong) { return; }
  host another({.threads = 1});
  model untried(another, 1);
  trainer<model, Options, Schedule> other(untried, options, {.seed = 3});
  step(other, samples(1), accumulated);
  overflowing_gradients same(other);
  same.undo();
  step(other, samples(3), accumulated);
  CHECK(everything(other) == everything(run));
}

using coded_adamw = basic_adamw<strict, moments::bits8_from<1>>;

}  // namespace

TEST_CASE("a gradient that is not finite: steps that know their gradients before the first update change nothing") {
  adamw const plain{.learning_rate = 1e-3};
  check_failed_step<policy::eager>(plain, false, true);
  check_failed_step<policy::eager, adamw, half>(plain, false, true);
  check_failed_step<policy::slim>(plain, true, true);
  check_failed_step<policy::slim, adamw, half>(plain, true, true);
  check_failed_step<policy::slim>(clip_global_norm{plain, 1.0}, false, true);
  check_failed_step<policy::slim>(clip_global_norm{plain, 1.0}, true, true);
  check_failed_step<policy::slim>(clip_each_norm{plain, 1.0}, true, true);
  check_failed_step<policy::eager>(coded_adamw{.learning_rate = 1e-3}, false, true);
  check_failed_step<policy::eager>(coasting_adamw{.learning_rate = 1e-3}, false, true);
  check_failed_step<policy::eager>(sgd{.learning_rate = 1e-3, .momentum = 0.9}, false, true);
}

TEST_CASE("a gradient that is not finite: where gradients are released, what was updated before it stays so") {
  adamw const plain{.learning_rate = 1e-3};
  check_failed_step<policy::slim>(plain, false, false);
  check_failed_step<policy::slim, adamw, half>(plain, false, false);
  check_failed_step<policy::slim>(clip_each_norm{plain, 1.0}, false, false);
  check_failed_step<policy::slim>(coded_adamw{.learning_rate = 1e-3}, false, false);
  check_failed_step<policy::slim>(coasting_adamw{.learning_rate = 1e-3}, false, false);
  check_failed_step<policy::slim>(basic_adamw<drop_when_frozen>{.learning_rate = 1e-3}, false, false);
  check_failed_step<policy::slim>(sgd{.learning_rate = 1e-3, .momentum = 0.9}, false, false);
}

TEST_CASE("a loss that is not finite takes back the steps of all parameters, and says so rather than of gradients") {
  using model = vit<shape, policy::slim, host>;
  host device({.threads = 1});
  model net(device, 1);
  trainer<model> run(net);
  samples const data(1);
  run.step(data.images, data.labels);
  auto const classifier = parameter_named(run, "classifier.bias");
  float const bias = std::exchange(classifier.data[0], std::numeric_limits<float>::infinity());
  auto const before = everything(run);
  CHECK_THROWS_WITH_AS((void)run.step(data.images, data.labels), doctest::Contains("slimfit: loss is"), value_error);
  CHECK(everything(run) == before);
  classifier.data[0] = bias;
  CHECK(std::isfinite(run.step(data.images, data.labels).loss));
}
