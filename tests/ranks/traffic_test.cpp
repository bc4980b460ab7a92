// SPDX-License-Identifier: MIT
// How much travels in 100 steps at 95 %, of models of the sizes that the pretrained examples have.
#include <slimfit/benchmark/random_batch.hpp>

#include "common.hpp"

namespace slimfit::testing {
namespace {

constexpr int steps = 100;

struct mostly_frozen : policy::slim {
  using freezing = slimfit::freezing::inter_layer<slimfit::freezing::relative_update, percent<95>>;
};

/// Bytes and sums of a model's small parameters in one step, at most.
template <class Model>
index_t most_buckets() {
  using sizes = exchange_sizes<float, summation::library>;
  typename Model::network_type network;
  index_t bytes = 0;
  network.visit(
      [&](auto const& each, no_name /*name*/) {
        auto const own = round_up(each.count() * index_t{sizeof(float)}, arena::alignment);
        if (own < sizes::small_bytes) { bytes += own; }
      },
      no_name{});
  // What a gradient does not fit into is less than a small one from full.
  return divide_up(bytes, sizes::bucket_bytes - sizes::small_bytes);
}

template <class Model>
void check_traffic() {
  using trainer_type = trainer<Model, adamw, mostly_frozen::freezing, linear_decay, mpi<>>;
  auto& ranks = all_ranks<>();
  host device{{.threads = 1}};
  Model net{device, 1};
  trainer_type run{net, typename trainer_type::setup{.options = {.seed = 1, .steps = steps}}, ranks};
  auto const mine = share_of_batch(2, ranks.rank(), ranks.size());
  auto const before = ranks.counted();
  index_t most_sums = 0;
  for (unsigned step = 0; step < steps; ++step) {
    benchmarks::random_batch<Model> batch(2, step);
    auto const report = run.step(detail::part_of(std::span(batch.inputs), mine, Model::network_type::inputs),
                                 detail::part_of(std::span(batch.labels), mine, 1));
    REQUIRE(report.planned == report.measured);
    most_sums += report.active.count() + most_buckets<Model>();
  }
  auto const sent = ranks.counted() - before;
  auto const all = static_cast<double>(steps * Model::layout.parameters) * sizeof(float);
  MESSAGE("percent of all gradients' bytes: ", 100 * static_cast<double>(sent.bytes) / all,
          ", sums a step: ", static_cast<double>(sent.sums) / steps);
  CHECK(static_cast<double>(sent.bytes) <= 0.08 * all);
  CHECK(sent.sums <= most_sums);
}

TEST_CASE("at 95 percent at most 8 percent of all gradients travel: the pretrained ViT's size") {
  constexpr vit_shape shape{.image = 56,
                            .patch = 14,
                            .hidden = 384,
                            .heads = 6,
                            .mlp = 1536,
                            .layers = 12,
                            .classes = 10,
                            .norm_epsilon = 1e-6};
  check_traffic<vit<shape, mostly_frozen, host>>();
}

TEST_CASE("at 95 percent at most 8 percent of all gradients travel: the pretrained BERT's size") {
  constexpr bert_shape shape{.hidden = 384, .mlp = 1536, .layers = 6, .tokens = 32};
  check_traffic<bert<shape, mostly_frozen, host>>();
}

}  // namespace
}  // namespace slimfit::testing
