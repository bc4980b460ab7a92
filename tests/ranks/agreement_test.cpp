// SPDX-License-Identifier: MIT
// What goes wrong on one rank goes wrong on all of them, changes nothing, and the run goes on; random numbers and files
// do not depend on the number of ranks.
#include "common.hpp"

#include <filesystem>
#include <limits>

using namespace slimfit;
using namespace slimfit::testing;

namespace {

using half_by_distance = freezing::inter_layer<freezing::relative_update, percent<50>>;
using half_at_random = freezing::inter_layer<freezing::random, percent<50>>;
template <class Policy, class T = double>
using wide_vit = vit<wide_shape, Policy, host, T>;

constexpr adamw calm{.learning_rate = 1e-3, .epsilon = 1e-4};

constexpr bert_shape words{.vocabulary = 50,
                           .positions = 16,
                           .hidden = 16,
                           .heads = 2,
                           .mlp = 32,
                           .layers = 2,
                           .classes = 3,
                           .tokens = 7,
                           .hidden_dropout = 20,
                           .attention_dropout = 30};
template <class Preset, padding_tokens Padding>
struct padded : Preset {
  static constexpr padding_tokens padding = Padding;
};
bool is_last() { return all_ranks<>().rank() + 1 == all_ranks<>().size(); }
/// Says what `step()` threw.
template <class Error, class Step>
std::string message_of(Step const& step) {
  try {
    step();
  } catch (Error const& problem) { return problem.what(); }
  return "";
}
template <class Run>
using runs_of = pair_of_runs<Run, adamw, half_by_distance>;

}  // namespace

TEST_CASE("dropout does not depend on the number of ranks") {
  runs_of<bert<words, padded<policy::exact, padding_tokens::dropped>, host, double>> dropped(calm);
  dropped.step(0, 7);
  dropped.step(1, 5);
  dropped.step(2, std::initializer_list<index_t>{7, 4});
  runs_of<bert<words, padded<policy::exact, padding_tokens::filled>, host, double>> filled(calm);
  filled.step(0, 7);
  filled.step(1, 5);
}

TEST_CASE("a loss that is no number on one rank is refused by all") {
  auto const spoil = [](auto& runs, auto const& step) {
    auto const before = hash_of(runs.shared.net);
    auto data = runs.shared.part(1, 6);
    if (is_last()) { data.inputs[5] = std::numeric_limits<double>::quiet_NaN(); }
    auto const said = message_of<value_error>([&] { step(data); });
    CHECK(said.find(is_last() ? "inputs: element 5 of sample 0 is nan" : "loss is nan") != std::string::npos);
    CHECK(hash_of(runs.shared.net) == before);
    runs.step(2, 7);
  };
  runs_of<wide_vit<policy::exact>> runs(calm);
  runs.step(0, 7);
  spoil(runs, [&](auto const& data) { runs.shared.run.step(data.inputs, data.labels); });
  spoil(runs, [&](auto const& data) {
    runs.shared.run.accumulate(data.inputs, data.labels);
    runs.shared.run.step();
  });
}

TEST_CASE("what one rank cannot take none takes") {
  runs_of<wide_vit<policy::exact>> runs(calm);
  runs.step(0, 7);
  auto const before = hash_of(runs.shared.net);
  auto data = runs.shared.part(1, 6);
  if (is_last()) { data.labels[0] = 7; }
  auto const step = [&] { runs.shared.run.step(data.inputs, data.labels); };
  if (is_last()) {
    CHECK(message_of<value_error>(step).find("label") != std::string::npos);
  } else {
    auto const name = "rank " + std::to_string(all_ranks<>().size() - 1) + " cannot take this step";
    CHECK(message_of<communication_error>(step).find(name) != std::string::npos);
  }
  CHECK(hash_of(runs.shared.net) == before);
  runs.step(2, 7);
}

TEST_CASE("another schedule on one rank is an error on all") {
  if (all_ranks<>().size() == 1) { return; }
  using run_type = training_run<wide_vit<policy::exact>, adamw, half_at_random, mpi<>>;
  run_type other_seed(calm, {.seed = is_last() ? 4U : 3U}, {}, all_ranks<>());
  auto const before = hash_of(other_seed.net);
  auto const said = message_of<communication_error>([&] { other_seed.step(0, 7); });
  CHECK(said.find("another step than rank 0") != std::string::npos);
  CHECK(hash_of(other_seed.net) == before);

  run_type other_iteration(calm, {.seed = 3}, {}, all_ranks<>());
  if (is_last()) {
    auto& run = other_iteration.run;
    run.restore(1, run.schedule(), {});
  }
  CHECK(message_of<communication_error>([&] { other_iteration.step(0, 7); }) != "");

  // One rank makes the step of its parts, the others have one more.
  run_type parts(calm, {.seed = 3}, {}, all_ranks<>());
  auto const data = parts.part(0, 7);
  parts.run.accumulate(data.inputs, data.labels);
  CHECK(message_of<communication_error>([&] {
          if (is_last()) {
            parts.run.step();
          } else {
            parts.run.accumulate(data.inputs, data.labels);
          }
        }) != "");
}

TEST_CASE("ranks in few bits stay equal") {
  using half_run = training_run<wide_vit<policy::slim, bf16>, adamw, half_by_distance, mpi<>>;
  half_run run(adamw{.learning_rate = 1e-3}, {.seed = 3}, {}, all_ranks<>());
  training_run<wide_vit<policy::slim, bf16>, adamw, half_by_distance, single> alone(adamw{.learning_rate = 1e-3},
                                                                                    {.seed = 3}, {}, {});
  for (unsigned batch = 0; batch < 3; ++batch) {
    auto const report = run.step(batch, 7);
    auto const expected = alone.step(batch, 7);
    CHECK(report.measured == report.planned);
    CHECK(report.loss == doctest::Approx(expected.loss).epsilon(0.02));
    CHECK(all_have_the_same(run.net));
  }
}

TEST_CASE("a file of several ranks is continued by one, and a file of one by several") {
  using model = wide_vit<policy::exact>;
  auto& ranks = all_ranks<>();
  auto const folder = std::filesystem::temp_directory_path();
  auto const name = (folder / ("ranks_" + std::to_string(ranks.size()) + ".safetensors")).string();
  runs_of<model> runs(calm);
  runs.step(0, 7);
  runs.step(1, 7);
  if (ranks.rank() == 0) { save_run(runs.shared.run, name); }
  std::byte written{};
  ranks.broadcast(std::span(&written, 1), 0);  // the others wait for the file
  runs_of<model> continued(calm);
  load_run(continued.shared.run, name);
  load_run(continued.alone.run, name);
  continued.step(2, 7);
  auto const report = runs.shared.step(2, 7);
  CHECK(hash_of(runs.shared.net) == hash_of(continued.shared.net));
  CHECK(report.measured == report.planned);
  CHECK(all_have_the_same(continued.shared.net));  // so all have read it
  if (ranks.rank() == 0) { std::filesystem::remove(name); }
}

TEST_CASE("only what is active travels") {
  using model = wide_vit<policy::exact>;
  training_run<model, adamw, half_by_distance, mpi<>> run(calm, {.seed = 3}, {}, all_ranks<>());
  for (unsigned batch = 0; batch < 3; ++batch) {
    auto const before = all_ranks<>().counted();
    auto const active = run.step(batch, 7).active;
    auto const after = all_ranks<>().counted();
    index_t bytes = 0;
    for (auto const& [name, each] : run.net.parameters()) {
      if (is_updated(each, active)) { bytes += round_up(each.count() * 8, 64); }
    }
    CHECK(after.bytes - before.bytes == bytes);
  }
}
