// SPDX-License-Identifier: MIT
// Training on several CUDA devices with NCCL comes to the weights that one of them comes to with the whole batch,
// recorded or not; what goes wrong on one rank goes wrong on all.
#include <slimfit/nccl.hpp>
#include <slimfit/slimfit.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "support/numbered_samples.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

constexpr vit_shape wide{
    .image = 8, .patch = 4, .channels = 1, .hidden = 96, .heads = 4, .mlp = 192, .layers = 1, .classes = 5};
template <class Policy, class T = double>
using wide_vit = vit<wide, Policy, cuda, T>;
using half_by_distance = freezing::inter_layer<freezing::relative_update, percent<50>>;
using half_held = freezing::inter_layer<freezing::relative_update, percent<50>, freezing::hold<2>>;
constexpr adamw calm{.learning_rate = 1e-3, .epsilon = 1e-4};

launched_rank const self = find_launched_rank();

/// A name that all ranks of this run have, and no other run, for each communicator: of all, or of one alone.
std::filesystem::path file_to_start_by(launched_rank const& place = self) {
  static int number = 0;
  auto const* const folder = std::getenv("CUDASIM_RANKS_DIR");
  auto const base = folder != nullptr ? std::filesystem::path(folder) : std::filesystem::temp_directory_path();
  return base / ("nccl_" + std::to_string(::getppid()) + "_" + std::to_string(number++) +
                 (place.size == self.size ? "" : "_of_" + std::to_string(self.rank)));
}

/// A stream, a model on it, its ranks and what trains it.
template <class Model, class Optimizer, class Schedule, class Communicator>
struct training_run {
  using trainer_type = trainer<Model, Optimizer, Schedule, linear_decay, Communicator>;
  using samples_type = samples<typename Model::network_type>;

  struct stream_owner {
    cudaStream_t stream = nullptr;
    stream_owner() { check(cudaStreamCreate(&stream), "stream of a test"); }
    stream_owner(stream_owner const&) = delete;
    stream_owner& operator=(stream_owner const&) = delete;
    ~stream_owner() { (void)cudaStreamDestroy(stream); }
  };
  stream_owner owner;
  cuda device{{.stream = owner.stream}};
  Model net{device, 11};
  Communicator ranks;
  trainer_type run;

  training_run(Optimizer const& optimizer, trainer_options const& settings, launched_rank const& place = self)
      : ranks(make(device, place)), run(net, optimizer, settings, {}, {}, ranks) {}

  static Communicator make(cuda& device, launched_rank const& place) {
    if constexpr (Communicator::is_single) {
      return {};
    } else {
      return Communicator(device, start_by_file(file_to_start_by(place), place, 60), {.time_limit = 60});
    }
  }
  [[nodiscard]] samples_type part(unsigned batch, index_t size) const {
    return {batch, share_of_rank<typename Communicator::order_type>(size, ranks.rank(), ranks.size())};
  }
  step_report step(unsigned batch, index_t size) {
    auto const data = part(batch, size);
    return run.step(data.inputs, data.labels);
  }
  step_report step(unsigned first, std::initializer_list<index_t> sizes) {
    for (auto const size : sizes) {
      auto const data = part(first++, size);
      run.accumulate(data.inputs, data.labels);
    }
    return run.step();
  }
  [[nodiscard]] std::vector<typename Model::value_type> weights() const {
    std::vector<typename Model::value_type> all;
    for (auto const& [name, each] : net.parameters()) {
      auto const first = static_cast<std::ptrdiff_t>(all.size());
      all.resize(all.size() + static_cast<std::size_t>(each.count()));
      device.copy(each.data, all.data() + first, each.count());
    }
    return all;
  }
  /// Whether all ranks have these bytes.
  bool all_have(std::span<std::byte const> mine) {
    std::uint64_t hash = 1;
    for (auto const each : mine) { hash = (hash ^ static_cast<std::uint64_t>(each)) * 0x100000001B3U; }
    auto const count = static_cast<std::size_t>(ranks.size());
    std::vector<std::uint64_t> all(count);
    buffer<std::uint64_t, cuda_resource> there(device.memory(), ranks.size(), category::data);
    device.copy(&hash, there.data() + ranks.rank(), 1);
    std::span const words(there.data(), count);
    ranks.gather(std::as_bytes(words.subspan(static_cast<std::size_t>(ranks.rank()), 1)),
                 std::as_writable_bytes(words));
    device.copy(there.data(), all.data(), ranks.size());
    return std::all_of(all.begin(), all.end(), [&](std::uint64_t each) { return each == hash; });
  }
};

template <class T>
double largest_difference(std::vector<T> const& a, std::vector<T> const& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = difference > most || std::isnan(difference) ? difference : most;
  }
  return most;
}

/// The same steps on all ranks and on one, as graphs where that is wanted.
template <class Model, class Optimizer, class Schedule, class... Sizes>
void check_steps(Optimizer const& optimizer, bool record, Sizes const&... sizes) {
  training_run<Model, Optimizer, Schedule, nccl<>> shared(optimizer, {.seed = 3, .record_steps = record});
  training_run<Model, Optimizer, Schedule, single> alone(optimizer, {.seed = 3});
  unsigned batch = 0;
  auto const step = [&](auto const& size) {
    auto const expected = alone.step(batch, size);
    auto const report = shared.step(batch, size);
    batch += 2;
    CHECK(report.loss == doctest::Approx(expected.loss).epsilon(1e-12));
    CHECK(report.correct == expected.correct);
    CHECK(report.active == expected.active);
    CHECK(report.measured == report.planned);
    auto const weights = shared.weights();
    CHECK(largest_difference(weights, alone.weights()) <= 1e-13);
    CHECK(shared.all_have(std::as_bytes(std::span(weights))));
  };
  (step(sizes), ...);
}

template <class Step>
std::string message_of(Step const& step) {
  try {
    step();
  } catch (error const& problem) { return problem.what(); }
  return "";
}

}  // namespace

TEST_CASE("several devices come to the weights of one") {
  check_steps<wide_vit<policy::exact>, adamw, half_by_distance>(calm, false, 5, 7);
  check_steps<wide_vit<policy::slim>, adamw, half_by_distance>(calm, false, 5);
}

TEST_CASE("steps that are recorded send the same") {
  check_steps<wide_vit<policy::exact>, adamw, half_held>(calm, true, 6, 6, 6, 5);
  using run_type = training_run<wide_vit<policy::exact>, adamw, freezing::never, nccl<>>;
  run_type recorded(calm, {.seed = 3, .record_steps = true});
  run_type enqueued(calm, {.seed = 3});
  for (unsigned batch = 0; batch < 3; ++batch) {
    recorded.step(batch, 4);
    enqueued.step(batch, 4);
  }
  CHECK(recorded.weights() == enqueued.weights());
  CHECK(recorded.ranks.counted().sums == enqueued.ranks.counted().sums);
  CHECK(recorded.ranks.counted().bytes == enqueued.ranks.counted().bytes);
}

TEST_CASE("parts of a batch, and gradients that are clipped together") {
  check_steps<wide_vit<policy::exact>, clip_global_norm<adamw>, half_by_distance>(
      clip_global_norm{calm, 1e-3}, false, 5, std::initializer_list<index_t>{5, 4});
}

TEST_CASE("slices of moments come to the weights of whole ones, recorded or not") {
  check_steps<wide_vit<policy::exact>, sharded_adamw, half_held>({.learning_rate = 1e-3, .epsilon = 1e-4}, true, 6, 6,
                                                                 5);
  using few_bits = basic_adamw<strict, moments::bits8, weights::stochastic, sliced_state>;
  check_steps<wide_vit<policy::exact>, clip_global_norm<few_bits>, half_by_distance>(
      clip_global_norm{few_bits{.learning_rate = 1e-3, .epsilon = 1e-4}, 1e-3}, false, 5);
}

TEST_CASE("files know no slices") {
  using model = wide_vit<policy::exact>;
  auto const name = file_to_start_by();
  training_run<model, sharded_adamw, half_by_distance, nccl<>> shared({.learning_rate = 1e-3}, {.seed = 3});
  training_run<model, adamw, half_by_distance, single> alone({.learning_rate = 1e-3}, {.seed = 3});
  for (unsigned batch = 0; batch < 2; ++batch) { shared.step(batch, 5); }
  save_run(shared.run, name.string());
  CHECK(shared.all_have({}));  // the others wait for the file
  load_run(alone.run, name.string());
  load_run(shared.run, name.string());
  CHECK(shared.all_have({}));  // so all have read it
  alone.step(2, 5);
  shared.step(2, 5);
  CHECK(largest_difference(alone.weights(), shared.weights()) <= 1e-13);
  if (self.rank == 0) { std::filesystem::remove(name); }
}

TEST_CASE("a tree of shards gives the same bits on any number of devices") {
  if (4 % self.size != 0) { return; }
  using run_type =
      training_run<wide_vit<policy::exact, float>, adamw, half_by_distance, nccl<summation::fixed_tree<4>>>;
  run_type shared(adamw{.learning_rate = 1e-3}, {.seed = 3});
  std::vector<float> expected;
  {
    run_type alone(adamw{.learning_rate = 1e-3}, {.seed = 3}, {0, 1, self.rank});
    for (unsigned batch = 0; batch < 2; ++batch) { alone.step(batch, 6); }
    expected = alone.weights();
  }
  for (unsigned batch = 0; batch < 2; ++batch) {
    auto const report = shared.step(batch, 6);
    CHECK(report.measured == report.planned);
  }
  CHECK(shared.weights() == expected);
}

TEST_CASE("bf16 is summed in float, and ranks stay equal") {
  using model = wide_vit<policy::slim, bf16>;
  training_run<model, adamw, half_by_distance, nccl<>> shared(adamw{.learning_rate = 1e-3}, {.seed = 3});
  training_run<model, adamw, half_by_distance, single> alone(adamw{.learning_rate = 1e-3}, {.seed = 3});
  for (unsigned batch = 0; batch < 2; ++batch) {
    auto const expected = alone.step(batch, 5);
    auto const report = shared.step(batch, 5);
    CHECK(report.measured == report.planned);
    CHECK(report.loss == doctest::Approx(expected.loss).epsilon(0.02));
  }
  auto const weights = shared.weights();
  CHECK(shared.all_have(std::as_bytes(std::span(weights))));
}

TEST_CASE("what one rank cannot take none takes") {
  training_run<wide_vit<policy::exact>, adamw, half_by_distance, nccl<>> shared(calm, {.seed = 3});
  shared.step(0, 5);
  auto const before = shared.weights();
  bool const is_last = self.rank + 1 == self.size;
  auto data = shared.part(1, 5);
  if (is_last) { data.labels[0] = 7; }
  auto const said = message_of([&] { shared.run.step(data.inputs, data.labels); });
  CHECK(said.find(is_last ? "label" : "cannot take this step") != std::string::npos);
  data = shared.part(1, 5);
  if (is_last) { data.inputs[3] = std::numeric_limits<double>::infinity(); }
  CHECK(message_of([&] { shared.run.step(data.inputs, data.labels); }) != "");
  CHECK(shared.weights() == before);
  shared.step(2, 5);
  CHECK(shared.weights() != before);
}

TEST_CASE("ranks that are told something else than the others do not train") {
  if (self.size == 1) { return; }
  training_run<wide_vit<policy::exact>, adamw, half_by_distance, nccl<>> shared(
      calm, {.seed = 3, .record_steps = self.rank == 0});
  CHECK(message_of([&] { shared.step(0, 5); }).find("another step than rank 0") != std::string::npos);
}

TEST_CASE("ranks find each other over TCP") {
  auto const address = "127.0.0.1:" + std::to_string(20000 + ::getppid() % 20000);
  cuda device;
  auto const start = start_by_tcp(address, self, 60);
  CHECK(start.size == self.size);
  nccl<> ranks(device, start, {.time_limit = 60});
  buffer<double, cuda_resource> values(device.memory(), 3, category::data);
  std::vector<double> numbers{1.0, 0.5, static_cast<double>(self.rank)};
  device.copy(numbers.data(), values.data(), 3);
  ranks.sum(std::span(values.data(), 3), std::span<double>{});
  ranks.mark();
  ranks.wait();
  device.copy(values.data(), numbers.data(), 3);
  double const size = self.size;
  CHECK(numbers == std::vector<double>{size, 0.5 * size, size * (size - 1) / 2});
}

TEST_CASE("what ranks cannot start by is refused") {
  ::setenv("SLIMFIT_TEST_RANK", "two", 1);
  CHECK_THROWS_WITH_AS(detail::number_in_environment("SLIMFIT_TEST_RANK"),
                       doctest::Contains("SLIMFIT_TEST_RANK is two"), value_error);
  cuda device;
  CHECK_THROWS_WITH_AS(start_by_tcp("nowhere", self, 1), doctest::Contains("host:port"), value_error);
  CHECK_THROWS_WITH_AS(start_by_file("anything", {2, 2, 0}, 1), doctest::Contains("less than the 2 ranks"),
                       value_error);
  CHECK_THROWS_WITH_AS(start_by_file(file_to_start_by(), {1, 2, 0}, 0.1), doctest::Contains("in time"),
                       communication_error);
  auto const taken = file_to_start_by({}).string() + "_" + std::to_string(self.rank);
  std::ofstream(taken) << "left";
  CHECK_THROWS_WITH_AS(start_by_file(taken, {0, 1, 0}, 1), doctest::Contains("does not exist yet"), file_error);
  std::filesystem::remove(taken);
  CHECK_THROWS_WITH_AS((nccl<>(device, nccl_start{}, {.time_limit = 0})), doctest::Contains("more than 0 seconds"),
                       value_error);
}
