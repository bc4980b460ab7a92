// SPDX-License-Identifier: MIT
// Stashes that round at random: who draws which numbers. A format that only listens tells; gradients of real ones must
// not depend on how a batch is cut, and be right on average.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

/// Rows that were rounded: by the numbers of which seed, iteration, place and row, and how often.
struct listener {
  using numbers = std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, index_t>;

  void add(random_sequence const& drawn, index_t row) {
    std::scoped_lock const lock(mutex);
    ++times[{drawn.seed, drawn.iteration, drawn.place, row}];
  }
  /// What was heard since the last call.
  std::map<numbers, int> take() { return std::exchange(times, {}); }

  std::mutex mutex{};
  std::map<numbers, int> times{};
};
listener heard;

/// A format that draws nothing, but tells who would. Its codes are zeros.
struct listening {
  static constexpr int bits = 8;
  static constexpr bool draws_random = true;
  static constexpr index_t code_bytes(index_t width) { return width; }
  static constexpr index_t scale_count(index_t /*width*/) { return 0; }
  template <class T, int Width, lane_group Group>
  static void encode(Group /*group*/, tile<T, Width, Group> const& /*values*/, std::byte* codes, bf16* /*scales*/,
                     random_stream const& stream, index_t row) {
    heard.add(stream.sequence(), row);
    std::fill_n(codes, Width, std::byte{});
  }
  template <class T, int Width, lane_group Group>
  static tile<T, Width, Group> decode(Group /*group*/, std::byte const* /*codes*/, bf16 const* /*scales*/) {
    return {};
  }
};

/// Whatever can be rounded at random is, the lowest block's input too.
template <class Format, class Blocks = blocks::recompute_lowest<1, stash::quantized<Format>>>
struct all_drawn : policy::exact {
  using matrix = stash::quantized<Format>;
  using linear_input = stash::by_state<matrix, stash::none>;
  using attention_output = linear_input;
  using wide_linear_input = linear_input;
  using head_input = stash::when_training<matrix>;
  using norm = stash::layer_norm_normalized<matrix>;
  using gelu = stash::gelu_input<matrix>;
  using attention = attention_policy::tiled<matrix>;
  using blocks = Blocks;
  using chunk = slimfit::chunk::whole_batch;
  static constexpr padding_tokens padding = padding_tokens::masked;
};
template <class Policy>
struct cut : Policy {
  using chunk = slimfit::chunk::tokens<1>;
};

constexpr vit_shape images_shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, .classes = 5};
constexpr bert_shape text_shape{.vocabulary = 20,
                                .positions = 8,
                                .hidden = 16,
                                .heads = 2,
                                .mlp = 32,
                                .layers = 2,
                                .classes = 3,
                                .tokens = 4,
                                .hidden_dropout = 10};
constexpr index_t batch = 3;
/// Matrices of a block that are rounded: two normalisations, inputs of four linears, queries, keys, values, GELU.
constexpr std::size_t matrices_of_block = 10;

template <class Policy, class T = float>
using image_model = vit<images_shape, Policy, host, T>;
template <class Policy, class T = float>
using text_model = bert<text_shape, Policy, host, T>;

template <class Model>
auto inputs_of() {
  if constexpr (Model::network_type::inputs == 144) {
    auto const drawn = test::normal<typename Model::value_type>(batch * 144, 7);
    return std::vector<typename Model::value_type>(drawn.begin(), drawn.end());
  } else {
    return std::vector<std::int32_t>{3, 5, 7, 9, 0, 0, 1, 1, 2, 8, 4, 0, 0, 0, 0, 0, 6, 6, 1, 2, 0, 1, 1, 1};
  }
}
std::vector<std::int32_t> const labels{1, 2, 0};

/// What a few steps draw: two of a whole batch, one of two parts.
template <class Model>
std::map<listener::numbers, int> drawn_by_steps(int threads, std::uint64_t seed) {
  heard.take();
  host device({.threads = threads});
  Model net(device, 1);
  trainer run(net, adamw{.learning_rate = 1e-4}, trainer_options{.seed = seed});
  auto const inputs = inputs_of<Model>();
  for (int i = 0; i < 2; ++i) {
    auto const report = run.step(inputs, labels);
    CHECK(report.measured == report.planned);
  }
  auto const first = static_cast<std::size_t>(Model::network_type::inputs);
  run.accumulate(std::span(inputs).first(first), std::span(labels).first(1));
  run.accumulate(std::span(inputs).subspan(first), std::span(labels).subspan(1));
  auto const report = run.step();
  CHECK(report.measured == report.planned);
  run.evaluate(inputs, labels, 2);
  return heard.take();
}

/// By how much gradients are wrong, of all parameters together.
double error_of(std::vector<std::vector<double>> const& actual, std::vector<std::vector<double>> const& expected) {
  std::vector<double> all[2];
  for (auto const& each : actual) { all[0].insert(all[0].end(), each.begin(), each.end()); }
  for (auto const& each : expected) { all[1].insert(all[1].end(), each.begin(), each.end()); }
  return testing::relative_error(all[0], all[1]);
}

using random_codes = format::affine<4, 8, format::stochastic>;
template <class Policy>
testing::pass_result pass(int threads = 1, step_numbers const& numbers = {}) {
  using model_type = text_model<Policy, double>;
  host device({.threads = threads});
  model_type net(device, 5);
  for (auto const& [name, each] : net.parameters()) {
    for (index_t i = 0; each.rank == 2 && i < each.count(); ++i) { each.data[i] *= 12; }
  }
  return testing::gradients_of(net, inputs_of<model_type>(), labels, active_set::all(net.units), true, numbers);
}

}  // namespace

TEST_CASE_TEMPLATE("no two rows of a run are rounded by the same numbers", Model, image_model<all_drawn<listening>>,
                   text_model<all_drawn<listening>>) {
  auto const drawn = drawn_by_steps<Model>(1, 5);
  std::set<std::pair<std::uint64_t, std::uint32_t>> passes;
  std::set<std::uint32_t> places;
  for (auto const& [numbers, times] : drawn) {
    CHECK(times == 1);
    passes.insert({std::get<0>(numbers), std::get<1>(numbers)});
    places.insert(std::get<2>(numbers));
  }
  CHECK(passes.size() == 4);  // two steps, and two parts of the third
  // Two blocks, the input of one, and the head's normalisation and linear.
  CHECK(places.size() == 2 * matrices_of_block + 3);
  // However the batch is cut, and by how many threads.
  using policy_type = typename Model::policy_type;
  CHECK(drawn_by_steps<typename Model::template with_policy<cut<policy_type>>>(2, 5) == drawn);
  // Another seed: none of them again.
  for (auto const& [numbers, times] : drawn_by_steps<Model>(1, 6)) { CHECK(!drawn.contains(numbers)); }
}

TEST_CASE("gradients of random codes: the same whatever the chunks, the threads, and the second forward pass") {
  using stashed = all_drawn<random_codes, blocks::stashed>;
  auto const expected = pass<stashed>();
  CHECK(pass<stashed>(3).gradients == expected.gradients);
  CHECK(pass<all_drawn<random_codes, blocks::recompute_all<>>>().gradients == expected.gradients);
  CHECK(error_of(pass<cut<stashed>>(2).gradients, expected.gradients) < 1e-10);
  CHECK(pass<cut<all_drawn<random_codes>>>(1).gradients == pass<cut<all_drawn<random_codes>>>(2).gradients);
  for (auto const& other : {step_numbers{1, 0}, step_numbers{0, 1}}) {
    auto const actual = pass<stashed>(1, other);
    CHECK(error_of(actual.gradients, expected.gradients) > 1e-3);
  }
}

namespace {

/// Only what gradients are linear in.
struct drawn_inputs : policy::exact {
  using matrix = stash::quantized<format::symmetric<2, 16, format::stochastic>>;
  using linear_input = stash::by_state<matrix, stash::none>;
  using attention_output =
      stash::by_state<stash::pruned<percent<100>, format::symmetric<2, 16, format::stochastic>>, stash::none>;
  using wide_linear_input = linear_input;
  using head_input = matrix;
  using chunk = slimfit::chunk::whole_batch;
};

}  // namespace

TEST_CASE("random codes: gradients are right on average over steps, over seeds, and no better without") {
  using model_type = image_model<drawn_inputs, double>;
  host device({.threads = 1});
  model_type net(device, 5);
  auto const inputs = inputs_of<model_type>();
  auto const all = active_set::all(model_type::units);
  auto const exact = [&] {
    image_model<policy::exact, double> reference(device, 5);
    return testing::gradients_of(reference, inputs, labels, all).gradients;
  }();
  constexpr std::uint32_t passes = 100;
  auto const error_of_mean = [&](auto const& numbers_of) {
    std::vector<std::vector<double>> mean(exact.size());
    for (std::uint32_t i = 0; i < passes; ++i) {
      auto const drawn = testing::gradients_of(net, inputs, labels, all, false, numbers_of(i)).gradients;
      for (std::size_t p = 0; p < mean.size(); ++p) {
        mean[p].resize(exact[p].size());
        for (std::size_t j = 0; j < mean[p].size(); ++j) { mean[p][j] += drawn[p][j] / passes; }
      }
    }
    return error_of(mean, exact);
  };
  double const once = error_of(testing::gradients_of(net, inputs, labels, all).gradients, exact);
  CHECK(once > 0.05);
  // A hundred independent errors of expectation 0: a tenth of one, give or take.
  CHECK(error_of_mean([](std::uint32_t i) { return step_numbers{0, i}; }) < 0.15 * once);
  CHECK(error_of_mean([](std::uint32_t i) { return step_numbers{i, 0}; }) < 0.15 * once);
}

TEST_CASE("what is rounded at random is told by what numbers, or refuses") {
  using matrix = stash::quantized<random_codes>;
  using layer_type = linear<16, 8, matrix, float>;
  layer_type layer;
  host device({.threads = 1});
  test::tape tape;
  testing::recording_updates updates;
  using context_type = context<host, testing::recording_updates>;
  context_type run{device, tape.memory(), updates, active_set::all(1), true, 0, 3};
  CHECK_THROWS_WITH_AS((void)layer.keep(run, sequence_batch(4, 1)),
                       doctest::Contains("linear's input is rounded at random"), usage_error);
  layer.visit([](parameter<float>& each, no_name) { each.position = each.rank == 2 ? 4 : 5; }, no_name{});
  auto const kept = layer.keep(run, sequence_batch(4, 1));
  CHECK(kept.input.random.iteration == 3);
  CHECK(kept.input.random.place == matrix_place{4, layer_matrix::input}.random_place());
  layer.release(run, kept);
  context_type forgotten{device, tape.memory(), updates, active_set::all(1), true};
  CHECK_THROWS_WITH_AS((void)layer.keep(forgotten, sequence_batch(4, 1)), doctest::Contains("iteration is not set"),
                       usage_error);
  CHECK_THROWS_WITH_AS((void)forgotten.random(1), doctest::Contains("iteration is not set"), usage_error);
  // Nothing is kept, so nobody draws.
  using idle = stash::when_training<matrix>;
  context_type inference{device, tape.memory(), updates, {}, false};
  auto const nothing = inference.keep<idle, float, 16>(4, {.name = "nothing"}, matrix_place{});
  idle::release(tape.memory(), nothing);
  CHECK(tape.memory().tape_bytes() == 0);
}
