// SPDX-License-Identifier: MIT
// The trainer: what it chooses, that it repeats itself, that it resumes, and that a step that fails changes nothing.
#include <doctest/doctest.h>
#include <slimfit/slimfit.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include "support/gradients.hpp"

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};
constexpr index_t batch = 6;

/// Of all rows the largest values.
template <class Keep>
using largest_of_all = stash::pruned<Keep, format::full, stash::per_tensor>;
/// Exact but for normalised rows, in several chunks.
template <class S>
struct normalized_by : policy::exact {
  using linear_input = stash::by_state<stash::dense, stash::none>;
  using norm = stash::layer_norm_normalized<S>;
  using chunk = slimfit::chunk::tokens<20>;
};

using paper_at = freezing::inter_layer<freezing::relative_update, freezing::run_time_rate>;

template <class Policy>
using small_model = vit<shape, Policy, host>;
template <class Policy>
using small_trainer = trainer<small_model<Policy>, adamw, paper_at>;

struct samples {
  std::vector<float> images;
  std::vector<std::int32_t> labels;

  explicit samples(unsigned seed)
      : images(static_cast<std::size_t>(batch * 144)), labels(static_cast<std::size_t>(batch)) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (auto& pixel : images) { pixel = normal(random); }
    for (auto& label : labels) { label = static_cast<std::int32_t>(random() % 5); }
  }
};

template <class Model>
std::vector<std::vector<float>> weights_of(Model const& net) {
  std::vector<std::vector<float>> all;
  for (auto const& [name, each] : net.parameters()) { all.emplace_back(each.data, each.data + each.count()); }
  return all;
}

/// Everything that a number of steps leaves: losses and weights.
struct trace {
  std::vector<double> losses;
  std::vector<std::vector<float>> weights;
  bool operator==(trace const&) const = default;
};

template <class Policy>
trace train(int threads, int steps) {
  host device({.threads = threads});
  small_model<Policy> net(device, 11);
  small_trainer<Policy> run(net, adamw{.learning_rate = 1e-3}, {.seed = 4, .steps = steps},
                            paper_at(freezing::run_time_rate(50)));
  trace result;
  for (int step = 0; step < steps; ++step) {
    samples const data(static_cast<unsigned>(step));
    result.losses.push_back(run.step(data.images, data.labels).loss);
  }
  result.weights = weights_of(net);
  return result;
}

std::string temporary_file(char const* name) {
  return (std::filesystem::temp_directory_path() / (std::string("slimfit_trainer_test_") + name)).string();
}

}  // namespace

TEST_CASE("trainer: the paper's schedule, stated again from the weights themselves, for 200 steps") {
  host device;
  small_model<policy::paper> net(device, 2);
  std::vector<parameter<float>> units;
  for (auto const& [name, each] : net.parameters()) {
    if (each.kind == parameter_kind::unit) { units.push_back(each); }
  }
  // Zero weights: one unit entirely, one element of another. Ties: two equal units that never get a gradient apart.
  std::fill_n(units[0].data, units[0].count(), 0.0F);
  units[3].data[0] = 0.0F;
  constexpr double percent = 75;
  trainer<small_model<policy::paper>, adamw, paper_at, constant_rate> run(
      net, adamw{.learning_rate = 1e-3}, {.seed = 9}, paper_at(freezing::run_time_rate(percent)));
  auto const frozen = static_cast<std::size_t>(percent * static_cast<double>(units.size()) / 100);
  std::vector<double> distance(units.size());
  std::vector<bool> measured(units.size(), false);
  std::vector<int> visits(units.size(), 0);
  for (int step = 0; step < 200; ++step) {
    auto const before = weights_of(net);
    samples const data(static_cast<unsigned>(step % 7));
    auto const active = run.step(data.images, data.labels).active;
    CHECK(static_cast<std::size_t>(active.count()) == units.size() - frozen);
    if (std::all_of(measured.begin(), measured.end(), [](bool m) { return m; })) {
      std::vector<std::size_t> order(units.size());
      for (std::size_t i = 0; i < order.size(); ++i) { order[i] = i; }
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return distance[a] < distance[b]; });
      for (std::size_t i = 0; i < order.size(); ++i) {
        CAPTURE(step);
        CAPTURE(order[i]);
        CHECK(active.test(static_cast<index_t>(order[i])) == (i >= frozen));
      }
    }
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      auto const& old = before[static_cast<std::size_t>(units[unit].position)];
      bool moved = false;
      double sum = 0;
      for (std::size_t i = 0; i < old.size(); ++i) {
        auto const now = units[unit].data[i];
        moved = moved || now != old[i];
        if (old[i] != 0.0F) {
          sum +=
              std::abs(static_cast<double>(old[i]) - static_cast<double>(now)) / std::abs(static_cast<double>(old[i]));
        }
      }
      CHECK((active.test(static_cast<index_t>(unit)) || !moved));
      if (!active.test(static_cast<index_t>(unit))) { continue; }
      ++visits[unit];
      measured[unit] = true;
      // The trainer's own number decides between near-equal units; it must be this one, summed in another order.
      distance[unit] = run.schedule().records()[unit].last.relative_update;
      CHECK(distance[unit] == doctest::Approx(sum / static_cast<double>(old.size())).epsilon(1e-4));
    }
  }
  CHECK(*std::min_element(visits.begin(), visits.end()) >= 1);
}

TEST_CASE_TEMPLATE("trainer: the same bits with any number of threads", P, policy::eager, policy::paper, policy::exact,
                   policy::slim, policy::slim_3bit, policy::slim_2bit, policy::paper_published) {
  auto const one = train<P>(1, 6);
  CHECK(one == train<P>(1, 6));
  CHECK(one == train<P>(2, 6));
  CHECK(one == train<P>(5, 6));
}

TEST_CASE("gradients of a model whose normalisations keep the largest values of all rows") {
  samples const data(3);
  auto const gradients = [&]<class Policy> {
    host device({.threads = 2});
    small_model<Policy> net(device, 11);
    for (auto const& [name, each] : net.parameters()) {
      if (each.rank < 2) { continue; }
      for (index_t i = 0; i < each.count(); ++i) { each.data[i] *= 10; }  // far from the residual alone
    }
    std::vector<double> all;  // of biases: every unit is frozen
    for (auto const& each : testing::gradients_of(net, data.images, data.labels, active_set::none()).gradients) {
      all.insert(all.end(), each.begin(), each.end());
    }
    return all;
  };
  auto const exact = gradients.template operator()<normalized_by<stash::dense>>();
  auto const error = [&]<class S> {
    return testing::relative_error(gradients.template operator()<normalized_by<S>>(), exact);
  };
  auto const per_row = error.template operator()<stash::pruned<percent<10>>>();
  auto const per_tensor = error.template operator()<largest_of_all<percent<10>>>();
  auto const nothing = error.template operator()<largest_of_all<percent<0>>>();
  CHECK(error.template operator()<largest_of_all<percent<100>>>() < 1e-5);
  CHECK(per_tensor < 1.1 * per_row);
  CHECK(per_tensor < 0.8 * nothing);
}

TEST_CASE_TEMPLATE("trainer: a resumed run repeats the uninterrupted one bit for bit", P, policy::eager, policy::slim) {
  constexpr int steps = 12;
  auto const whole = train<P>(2, steps);
  auto const path = temporary_file("resume");
  for (int stop : {1, 5}) {
    {
      host device({.threads = 2});
      small_model<P> net(device, 11);
      small_trainer<P> run(net, adamw{.learning_rate = 1e-3}, {.seed = 4, .steps = steps},
                           paper_at(freezing::run_time_rate(50)));
      for (int step = 0; step < stop; ++step) {
        samples const data(static_cast<unsigned>(step));
        (void)run.step(data.images, data.labels);
      }
      save_run(run, path, {{"note", "half way"}});
    }
    host device({.threads = 2});
    small_model<P> net(device, 99);
    small_trainer<P> run(net, adamw{.learning_rate = 1e-3}, {.seed = 4, .steps = steps},
                         paper_at(freezing::run_time_rate(50)));
    CHECK(load_run(run, path).at("note") == "half way");
    for (index_t step = run.iteration(); step < steps; ++step) {
      samples const data(static_cast<unsigned>(step));
      auto const report = run.step(data.images, data.labels);
      CHECK(report.loss == whole.losses[static_cast<std::size_t>(step)]);
      CHECK(report.measured == report.planned);
    }
    CHECK(weights_of(net) == whole.weights);
  }
  std::filesystem::remove(path);
}

TEST_CASE("trainer: a step that fails leaves weights and schedule as they were") {
  host device;
  small_model<policy::slim> net(device, 1);
  small_trainer<policy::slim> run(net, adamw{}, {}, paper_at(freezing::run_time_rate(50)));
  samples data(1);
  (void)run.step(data.images, data.labels);
  auto const before = weights_of(net);
  auto const schedule = run.schedule().save_state();
  auto const in_use = device.memory().book().now();

  auto bad_image = data.images;
  bad_image[200] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS((void)run.step(bad_image, data.labels),
                       doctest::Contains("inputs: element 56 of sample 1 is nan"), value_error);
  auto bad_labels = data.labels;
  bad_labels[2] = 5;
  CHECK_THROWS_WITH_AS((void)run.step(data.images, bad_labels), doctest::Contains("label is 5, expected 0 to 4"),
                       value_error);
  bad_image.pop_back();
  CHECK_THROWS_WITH_AS((void)run.step(bad_image, data.labels),
                       doctest::Contains("inputs: count is 863, expected 6 labels x 144 = 864"), shape_error);
  CHECK_THROWS_WITH_AS((void)run.predict(bad_image, batch),
                       doctest::Contains("inputs: count is 863, expected a multiple of 144, the inputs of a sample"),
                       shape_error);
  CHECK_THROWS_AS((void)run.step({}, {}), shape_error);
  {
    auto const alone = device.memory().use();
    std::thread([&] { CHECK_THROWS_AS((void)run.step(data.images, data.labels), usage_error); }).join();
  }

  CHECK(weights_of(net) == before);
  CHECK(run.schedule().save_state() == schedule);
  CHECK(run.iteration() == 1);
  // Moments may have been made for the step that failed; it is repeated with the same units.
  CHECK(device.memory().book().now().activations() == in_use.activations());
}

TEST_CASE_TEMPLATE("trainer: out of memory at any point of a step changes nothing", P, policy::eager, policy::slim) {
  host roomy;
  index_t needed = 0;
  {
    small_model<P> net(roomy, 1);
    small_trainer<P> run(net, adamw{}, {}, paper_at(freezing::run_time_rate(50)));
    samples const data(1);
    (void)run.step(data.images, data.labels);
    needed = roomy.memory().most_reserved();
  }
  int failures = 0;
  for (index_t budget = needed; budget > needed / 4; budget -= needed / 50) {
    host device({.budget = budget});
    std::optional<small_model<P>> net;
    std::optional<small_trainer<P>> run;
    try {
      net.emplace(device, 1);
      run.emplace(*net, adamw{}, trainer_options{}, paper_at(freezing::run_time_rate(50)));
    } catch (memory_error const&) { break; }
    auto const before = weights_of(*net);
    auto const schedule = run->schedule().save_state();
    samples const data(1);
    try {
      (void)run->step(data.images, data.labels);
    } catch (memory_error const& problem) {
      ++failures;
      CHECK(std::string(problem.what()).find("out of memory") != std::string::npos);
      CHECK(weights_of(*net) == before);
      CHECK(run->schedule().save_state() == schedule);
    }
  }
  CHECK(failures > 10);
  CHECK(roomy.memory().reserved() == 0);
}

TEST_CASE("checkpoint: files that are cut short or of another shape load nothing") {
  auto const path = temporary_file("cut");
  host device;
  small_model<policy::slim> net(device, 1);
  save(net, path, dtype::f16);
  auto const size = std::filesystem::file_size(path);
  small_model<policy::slim> other(device, 2);
  auto const before = weights_of(other);
  for (auto const keep : {size - 1, size / 2, std::uintmax_t{100}, std::uintmax_t{7}, std::uintmax_t{0}}) {
    save(net, path, dtype::f16);
    std::filesystem::resize_file(path, keep);
    CHECK_THROWS_AS(load(other, path), file_error);
    CHECK(weights_of(other) == before);
  }
  save(net, path, dtype::f16);
  constexpr vit_shape wider{
      .image = 12, .patch = 4, .channels = 1, .hidden = 64, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};
  vit<wider, policy::slim, host> wide(device);
  CHECK_THROWS_WITH_AS(load(wide, path),
                       doctest::Contains("vit.embeddings.cls_token has shape [1, 1, 32], expected [1, 1, 64]"),
                       file_error);
  CHECK_THROWS_WITH_AS(load(other, path, {.except = {"head"}}),
                       doctest::Contains("except is \"head\", expected the name of a parameter"), value_error);
  net.parameters()[2].value.data[3] = std::numeric_limits<float>::quiet_NaN();
  safetensors_writer diverged;
  for (auto const& [name, each] : net.parameters()) {
    diverged.add(name, dtype::f32, {each.shape.begin(), each.shape.begin() + each.rank}, each.data);
  }
  diverged.save(path);
  CHECK_THROWS_WITH_AS(load(other, path),
                       doctest::Contains(("tensor " + net.parameters()[2].name + ", element 3 is nan").c_str()),
                       file_error);
  CHECK(weights_of(other) == before);
  net.parameters()[2].value.data[3] = 0;
  save(net, path, dtype::f16);
  load(other, path, {.except = {"classifier"}});
  CHECK(weights_of(other)[0][0] == doctest::Approx(weights_of(net)[0][0]).epsilon(1e-3));
  CHECK(weights_of(other).back() == before.back());
  std::filesystem::remove(path);
  CHECK_THROWS_AS(load(other, path), file_error);
}

TEST_CASE("checkpoint: an interrupted run's file that is cut short changes nothing of the run") {
  auto const path = temporary_file("cut_run");
  host device;
  small_model<policy::slim> net(device, 1);
  small_trainer<policy::slim> run(net, adamw{}, {}, paper_at(freezing::run_time_rate(50)));
  samples const data(1);
  for (int step = 0; step < 3; ++step) { (void)run.step(data.images, data.labels); }
  save_run(run, path);
  auto const size = std::filesystem::file_size(path);
  (void)run.step(data.images, data.labels);
  auto const weights = weights_of(net);
  auto const schedule = run.schedule().save_state();
  for (auto const keep : {size - 1, size / 2, std::uintmax_t{9}}) {
    std::filesystem::resize_file(path, keep);
    CHECK_THROWS_WITH_AS(load_run(run, path), doctest::Contains(path.c_str()), file_error);
    CHECK(weights_of(net) == weights);
    CHECK(run.schedule().save_state() == schedule);
    CHECK(run.iteration() == 4);
  }
  std::filesystem::remove(path);
}

TEST_CASE("checkpoint: a tensor that is missing is named, those that no parameter wants are passed over") {
  auto const path = temporary_file("names");
  host device;
  small_model<policy::slim> net(device, 1);
  safetensors_writer some;
  safetensors_writer more;
  std::vector<float> const unknown(3, 1.0F);
  more.add("somebody.elses.weight", dtype::f32, {3}, unknown.data());
  for (auto const& [name, each] : net.parameters()) {
    std::vector<index_t> const shape(each.shape.begin(), each.shape.begin() + each.rank);
    more.add(name, dtype::f32, shape, each.data);
    if (name != "classifier.bias") { some.add(name, dtype::f32, shape, each.data); }
  }
  small_model<policy::slim> other(device, 2);
  auto const before = weights_of(other);
  some.save(path);
  CHECK_THROWS_WITH_AS(load(other, path), doctest::Contains("classifier.bias"), file_error);
  CHECK(weights_of(other) == before);
  more.save(path);
  load(other, path);
  CHECK(weights_of(other) == weights_of(net));
  std::filesystem::remove(path);
}

TEST_CASE("trainer: a loss that is not finite is reported before anything is updated") {
  host device;
  small_model<policy::slim> net(device, 1);
  small_trainer<policy::slim> run(net, adamw{}, {}, paper_at(freezing::run_time_rate(50)));
  net.parameters().back().value.data[0] = std::numeric_limits<float>::infinity();
  auto const before = weights_of(net);
  samples const data(1);
  CHECK_THROWS_WITH_AS((void)run.step(data.images, data.labels), doctest::Contains("slimfit: loss is"), value_error);
  CHECK(weights_of(net) == before);
  CHECK(run.iteration() == 0);
}
