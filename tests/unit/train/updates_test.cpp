// SPDX-License-Identifier: MIT
// What becomes of gradients and of the optimizer's state in training: gradients of parts of a batch, clipped norms,
// moments of 8 bits, state of frozen units. Against plain sums, and plans against ledgers.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/run_checkpoint.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/planned.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <random>

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 64, .heads = 4, .mlp = 128, .layers = 2, .classes = 5};
constexpr index_t batch = 6;

using half = freezing::inter_layer<freezing::relative_update, percent<50>, freezing::hold<4>>;

template <class Policy, class T>
using model_of = vit<shape, Policy, host, T>;

template <class T>
struct samples {
  std::vector<T> images;
  std::vector<std::int32_t> labels;

  explicit samples(unsigned seed) : images(batch * 144), labels(batch) {
    std::mt19937 random(seed);
    std::normal_distribution<T> normal;
    for (auto& pixel : images) { pixel = normal(random); }
    for (auto& label : labels) { label = static_cast<std::int32_t>(random() % 5); }
  }
  [[nodiscard]] std::span<T const> images_of(std::size_t first, std::size_t count) const {
    return {images.data() + first * 144, count * 144};
  }
  [[nodiscard]] std::span<std::int32_t const> labels_of(std::size_t first, std::size_t count) const {
    return {labels.data() + first, count};
  }
};

template <class Model>
auto weights_of(Model const& net) {
  std::vector<std::vector<typename Model::value_type>> all;
  for (auto const& [name, each] : net.parameters()) { all.emplace_back(each.data, each.data + each.count()); }
  return all;
}
template <class T>
double largest_difference(std::vector<std::vector<T>> const& a, std::vector<std::vector<T>> const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].size(); ++j) {
      worst = std::max(worst, std::abs(static_cast<double>(a[i][j] - b[i][j])));
    }
  }
  return worst;
}

/// Steps over the batches of `samples(step)`, cut into parts of these sizes.
/// @return the reports
template <class Trainer>
std::vector<step_report> run_parts(Trainer& run, int steps, std::vector<std::size_t> const& sizes) {
  std::vector<step_report> reports;
  for (int step = 0; step < steps; ++step) {
    samples<typename Trainer::value_type> const data(static_cast<unsigned>(step));
    std::size_t first = 0;
    for (auto const size : sizes) {
      run.accumulate(data.images_of(first, size), data.labels_of(first, size));
      first += size;
    }
    reports.push_back(run.step());
    auto const largest = static_cast<index_t>(*std::ranges::max_element(sizes));
    testing::planned_steps(run.plan(largest).in_parts()).check(reports.back(), run.updated());
  }
  return reports;
}

}  // namespace

TEST_CASE_TEMPLATE("accumulated gradients of parts are those of the whole batch", Policy, policy::exact,
                   policy::eager) {
  using model = model_of<Policy, double>;
  host device({.threads = 2});
  host another;  // a ledger of its own
  model whole(another, 1);
  model parts(device, 1);
  trainer<model, adamw, half> expected(whole, {.learning_rate = 1e-3});
  trainer<model, adamw, half> actual(parts, {.learning_rate = 1e-3});
  auto const reports = run_parts(actual, 4, {1, 2, 3});
  for (int step = 0; step < 4; ++step) {
    samples<double> const data(static_cast<unsigned>(step));
    auto const wanted = expected.step(data.images, data.labels);
    auto const& report = reports[static_cast<std::size_t>(step)];
    CHECK(report.loss == doctest::Approx(wanted.loss).epsilon(1e-12));
    CHECK(report.correct == wanted.correct);
    CHECK(report.active == wanted.active);
    CHECK(report.iteration == wanted.iteration);
  }
  // AdamW's first steps divide gradients by themselves; rounding of a gradient near 0 shows in full.
  CHECK(largest_difference(weights_of(parts), weights_of(whole)) < 1e-11);
}

TEST_CASE("accumulated gradients: with plain descent to the last digits") {
  using model = model_of<policy::exact, double>;
  host device({.threads = 1});
  host another;
  model whole(another, 1);
  model parts(device, 1);
  trainer<model, sgd, half> expected(whole, {.learning_rate = 0.1});
  trainer<model, sgd, half> actual(parts, {.learning_rate = 0.1});
  run_parts(actual, 3, {3, 1, 2});
  for (unsigned step = 0; step < 3; ++step) {
    samples<double> const data(step);
    expected.step(data.images, data.labels);
  }
  CHECK(largest_difference(weights_of(parts), weights_of(whole)) < 1e-14);
}

TEST_CASE("one part is the step itself, bit for bit") {
  using model = model_of<policy::slim, float>;
  std::vector<std::vector<std::vector<float>>> results;
  for (bool const accumulated : {false, true}) {
    host device({.threads = 2});
    model net(device, 1);
    trainer<model, adamw, half> run(net, {}, {.seed = 5});
    for (unsigned step = 0; step < 3; ++step) {
      samples<float> const data(step);
      if (accumulated) {
        run.accumulate(data.images, data.labels);
        run.step();
      } else {
        run.step(data.images, data.labels);
      }
    }
    results.push_back(weights_of(net));
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("accumulation: what is wrong with a part") {
  using model = model_of<policy::slim, float>;
  host device({.threads = 1});
  model net(device, 1);
  trainer<model, adamw, half> run(net);
  samples<float> const data(1);
  auto const before = weights_of(net);
  auto const in_use = device.memory().book().now()[category::gradients];
  CHECK_THROWS_AS(run.step(), usage_error);
  run.accumulate(data.images_of(0, 2), data.labels_of(0, 2));
  CHECK_THROWS_AS((void)run.step(data.images, data.labels), usage_error);
  CHECK_THROWS_AS(run.accumulate(data.images_of(0, 2), data.labels_of(0, 1)), shape_error);
  auto broken = data.images;
  broken[5] = std::numeric_limits<float>::infinity();
  run.accumulate(broken, data.labels);
  CHECK_THROWS_WITH_AS(run.step(), doctest::Contains("inputs: element 5 of sample 0"), value_error);
  CHECK(device.memory().book().now()[category::gradients] == in_use);
  CHECK_THROWS_AS(run.step(), usage_error);  // no part is left
  CHECK(weights_of(net) == before);
  CHECK(run.iteration() == 0);
  run.accumulate(data.images, data.labels);
  auto const evaluated = run.evaluate(data.images, data.labels, 4);  // between parts; changes nothing
  CHECK(run.step().loss == doctest::Approx(evaluated.loss).epsilon(1e-4));
  CHECK(run.iteration() == 1);
}

TEST_CASE("norms are clipped as by torch.nn.utils.clip_grad_norm_, of all gradients or of each") {
  using model = model_of<policy::exact, double>;
  host device({.threads = 2});
  samples<double> const data(0);
  constexpr double rate = 1e-3;
  auto const start = weights_of(model(device, 1));
  auto const moved = [&](auto options, bool accumulated) {
    model net(device, 1);
    trainer<model, decltype(options), half> run(net, options);
    if (accumulated) {
      run_parts(run, 1, {4, 2});
    } else {
      auto const report = run.step(data.images, data.labels);
      testing::planned_steps(run.plan(batch)).check(report, run.updated());
    }
    auto result = weights_of(net);
    for (std::size_t i = 0; i < result.size(); ++i) {
      for (std::size_t j = 0; j < result[i].size(); ++j) { result[i][j] = (start[i][j] - result[i][j]) / rate; }
    }
    return result;
  };
  sgd const plain{.learning_rate = rate};
  auto const gradients = moved(plain, false);
  std::vector<double> norms;
  double total = 0;
  for (auto const& each : gradients) {
    double square = 0;
    for (auto const value : each) { square += value * value; }
    norms.push_back(std::sqrt(square));
    total += square;
  }
  total = std::sqrt(total);
  auto const expected = [&](double most, bool all) {
    auto result = gradients;
    for (std::size_t i = 0; i < result.size(); ++i) {
      double const factor = std::min(1.0, most / ((all ? total : norms[i]) + 1e-6));
      for (auto& value : result[i]) { value *= factor; }
    }
    return result;
  };
  double const digits = 1e-10;  // of weights near 1, divided by the rate
  for (double const share : {0.01, 0.3, 2.0}) {
    CAPTURE(share);
    for (bool const accumulated : {false, true}) {
      CHECK(largest_difference(moved(clip_global_norm{plain, share * total}, accumulated),
                               expected(share * total, true)) < digits);
      CHECK(largest_difference(moved(clip_each_norm{plain, share * total}, accumulated),
                               expected(share * total, false)) < digits);
    }
  }
  CHECK(std::ranges::min(norms) < 0.01 * total);  // so that some are clipped and some are not
  CHECK(std::ranges::max(norms) > 0.3 * total);
  model net(device, 1);
  using clipping = trainer<model, clip_global_norm<sgd>>;
  CHECK_THROWS_WITH_AS(clipping(net, {plain, 0.0}), doctest::Contains("clip_global_norm: norm is 0"), value_error);
}

TEST_CASE("clipping keeps the gradients of active units alone, and of each parameter one at a time") {
  using model = model_of<policy::slim, float>;
  constexpr index_t count = 2;
  constexpr auto gradients = []<class Optimizer>() {
    return memory_plan<model, Optimizer>(count).bound(4).peak_by_category[category::gradients];
  };
  constexpr auto released = gradients.operator()<adamw>();
  constexpr auto kept = gradients.operator()<clip_global_norm<>>();
  static_assert(gradients.operator()<clip_each_norm<>>() == released);
  static_assert(kept > released);
  static_assert(kept < model::layout.elements * 4 / 2);
  static_assert(gradients.operator()<accumulated<adamw>>() == kept + released);
}

TEST_CASE("bert: gradients of tables come whole where each is clipped; padding, parts of several lengths") {
  constexpr bert_shape small{.vocabulary = 900,
                             .positions = 16,
                             .types = 2,
                             .hidden = 32,
                             .heads = 4,
                             .mlp = 64,
                             .layers = 1,
                             .classes = 3,
                             .tokens = 8};
  using model = bert<small, policy::exact, host, double>;
  constexpr index_t count = 4;
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> const labels{0, 1, 2, 1};
  std::mt19937 random(1);
  for (index_t sample = 0; sample < count; ++sample) {
    for (index_t i = 0; i < 16; ++i) {
      bool const padding = i % 8 > 4 + sample;
      auto const id = i < 8 ? static_cast<std::int32_t>(1 + random() % 899) : static_cast<std::int32_t>(i % 2);
      ids.push_back(padding ? 0 : id);
    }
  }
  host device({.threads = 1});
  auto const updated = [&](auto options, bool parts) {
    model net(device, 1);
    trainer<model, decltype(options)> run(net, options);
    if (parts) {
      run.accumulate(std::span(ids).first(16), std::span(labels).first(1));
      run.accumulate(std::span(ids).subspan(16), std::span(labels).subspan(1));
    }
    auto const report = parts ? run.step() : run.step(ids, labels);
    CHECK(report.measured == report.planned);
    return weights_of(net);
  };
  auto const start = weights_of(model(device, 1));
  sgd const plain{.learning_rate = 1e-2};
  auto const whole = updated(plain, false);
  CHECK(largest_difference(whole, updated(plain, true)) < 1e-14);
  auto const clipped = updated(clip_each_norm{plain, 0.01}, false);
  auto expected = whole;
  int shrunk = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    double square = 0;
    for (std::size_t j = 0; j < whole[i].size(); ++j) { square += std::pow((whole[i][j] - start[i][j]) / 1e-2, 2); }
    double const factor = std::min(1.0, 0.01 / (std::sqrt(square) + 1e-6));
    shrunk += factor < 1 ? 1 : 0;
    for (std::size_t j = 0; j < whole[i].size(); ++j) {
      expected[i][j] = start[i][j] + factor * (whole[i][j] - start[i][j]);
    }
  }
  CHECK(shrunk > 3);
  CHECK(largest_difference(clipped, expected) < 1e-12);
}

TEST_CASE_TEMPLATE("state of units that are frozen again is given back", Options, basic_adamw<drop_when_frozen>,
                   basic_adamw<drop_when_frozen, moments::bits8>) {
  using model = model_of<policy::slim, float>;
  host device({.threads = 2});
  model net(device, 1);
  trainer<model, Options, half> run(net, {.learning_rate = 1e-3});
  memory_plan<model, Options> const plan(batch);
  std::vector<index_t> held(static_cast<std::size_t>(model::layout.tensors));
  index_t most = 0;
  bool changed = false;
  active_set last{};
  for (int step = 0; step < 24; ++step) {
    samples<float> const data(static_cast<unsigned>(step % 5));
    auto const report = run.step(data.images, data.labels);
    testing::planned_steps(run.plan(batch)).check(report, run.updated());
    testing::planned_steps(slimfit::plan<decltype(run)>(batch)).check(report, run.updated());
    changed = changed || (step > 0 && report.active != last);
    last = report.active;
    for (auto const& [name, each] : net.parameters()) {
      auto& steps = held[static_cast<std::size_t>(each.position)];
      steps = each.unit == no_unit || report.active.test(each.unit) ? steps + 1 : 0;
      CHECK(run.optimizer().steps(each.position) == steps);
    }
    auto const bytes = device.memory().book().now()[category::optimizer];
    CHECK(bytes == plan.resident(report.active).optimizer);
    most = std::max(most, bytes);
    auto const bound = plan.bound(report.active.count());
    CHECK(bound.total >= report.measured.total);
    CHECK(bound.peak_by_category[category::optimizer] >= bytes);
    CHECK(bound.peak_by_category[category::optimizer] <
          memory_plan<model, basic_adamw<>>(batch).bound().peak_by_category[category::optimizer]);
  }
  CHECK(changed);
  CHECK(most < plan.resident(active_set::all(model::units)).optimizer);
}

TEST_CASE("two models on one device: each step takes what its own plan says") {
  using model = model_of<policy::slim, float>;
  using options = basic_adamw<drop_when_frozen>;
  using trainer_type = trainer<model, options, half>;
  auto const use = [](trainer_type& run, unsigned step, std::size_t count) {
    samples<float> const data(step);
    run.accumulate(data.images_of(0, 1), data.labels_of(0, 1));
    run.accumulate(data.images_of(1, count), data.labels_of(1, count));
    return std::pair{run.step(), run.step(data.images_of(0, count), data.labels_of(0, count))};
  };
  host device({.threads = 1});
  host another({.threads = 1});
  model first(device, 1);
  model second(device, 2);
  model alone(another, 2);
  trainer_type run(first, {.learning_rate = 1e-3}, {.seed = 1, .count_saturation = true});
  trainer_type beside(second, {.learning_rate = 1e-3}, {.seed = 2});
  trainer_type expected(alone, {.learning_rate = 1e-3}, {.seed = 2});
  samples<float> const data(9);
  for (unsigned step = 0; step < 6; ++step) {
    // The first is in the middle of a batch while the second steps.
    run.accumulate(data.images_of(0, 4), data.labels_of(0, 4));
    auto const [parts, whole] = use(beside, step, 3);
    (void)beside.evaluate(data.images, data.labels, 6);
    run.accumulate(data.images_of(4, 2), data.labels_of(4, 2));
    auto const own = run.step();
    testing::planned_steps(run.plan(4).in_parts()).check(own, run.updated());
    testing::planned_steps(beside.plan(3).in_parts()).check(parts, beside.updated());
    testing::planned_steps(beside.plan(3)).check(whole, beside.updated());
    auto const [parts_alone, whole_alone] = use(expected, step, 3);
    CHECK(parts.measured == parts_alone.measured);
    CHECK(whole.measured == whole_alone.measured);
    CHECK(whole.loss == whole_alone.loss);
  }
  CHECK(weights_of(second) == weights_of(alone));
  // The device's own ledger has both.
  auto const both = device.memory().book().now()[category::weights];
  CHECK(both == 2 * another.memory().book().now()[category::weights]);
}

TEST_CASE_TEMPLATE("8-bit moments: a resumed run repeats the uninterrupted one bit for bit", Frozen, strict, coasting,
                   drop_when_frozen) {
  using options = basic_adamw<Frozen, moments::bits8>;
  using model = model_of<policy::slim, float>;
  auto const path = (std::filesystem::temp_directory_path() / "slimfit_updates_test").string();
  host device({.threads = 2});
  model net(device, 1);
  trainer<model, options, half> run(net, {.learning_rate = 1e-3}, {.seed = 3});
  for (unsigned step = 0; step < 12; ++step) {
    samples<float> const data(step);
    auto const report = run.step(data.images, data.labels);
    CHECK(report.measured == report.planned);
    if (step == 5) { save_run(run, path); }
  }
  host another({.threads = 1});
  model other(another, 2);
  trainer<model, options, half> resumed(other, {.learning_rate = 1e-3}, {.seed = 3});
  load_run(resumed, path);
  for (unsigned step = 6; step < 12; ++step) {
    samples<float> const data(step);
    auto const report = resumed.step(data.images, data.labels);
    CHECK(report.measured == report.planned);
  }
  CHECK(weights_of(net) == weights_of(other));
  model third(device, 2);
  trainer<model, adamw, half> wide(third, {}, {.seed = 3});
  CHECK_THROWS_WITH_AS(load_run(wide, path), doctest::Contains("optimizer is AdamW with moments in 8 bits, expected"),
                       file_error);
  std::filesystem::remove(path);
}

TEST_CASE("8-bit moments train as float ones do, in a quarter of the bytes") {
  using model = model_of<policy::slim, float>;
  auto const train = [](auto options) {
    host device({.threads = 2});
    model net(device, 1);
    trainer<model, decltype(options), half> run(net, options);
    double loss = 0;
    for (int step = 0; step < 120; ++step) {
      samples<float> const data(static_cast<unsigned>(step % 4));
      loss = run.step(data.images, data.labels).loss;
    }
    return loss;
  };
  double const wide = train(adamw{.learning_rate = 1e-3});
  double const narrow = train(basic_adamw<strict, moments::bits8>{.learning_rate = 1e-3});
  CHECK(wide < 0.8);  // from log 5
  CHECK(narrow < 0.8);
  constexpr auto bytes = []<class Options>() {
    return plan<vit<shapes::vit_base_16, policy::slim, host>, Options>(1).resident(active_set::all(74)).optimizer;
  };
  static_assert(bytes.operator()<basic_adamw<strict, moments::bits8>>() * 39 < bytes.operator()<adamw>() * 10);
}

TEST_CASE("a master copy of bfloat16 weights is planned with the optimizer's state") {
  using model = vit<shape, policy::slim, host, bf16>;
  using copying = basic_adamw<strict, moments::bits8, weights::master_copy>;
  constexpr auto bytes = []<class Options>() {
    return memory_plan<model, Options>(batch).resident(active_set::none()).optimizer;
  };
  // With no unit: biases, embeddings and the classifier.
  index_t elements = 0;
  model::network_type network;
  bind_parameters(network, nullptr, policy::slim::biases);
  network.visit(
      [&](parameter<bf16> const& each, no_name) {
        if (each.unit == no_unit) { elements += round_up(4 * each.count(), 64); }
      },
      no_name{});
  CHECK(bytes.operator()<copying>() - bytes.operator()<basic_adamw<strict, moments::bits8>>() == elements);
}
