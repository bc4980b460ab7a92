// SPDX-License-Identifier: MIT
// Training steps of two presets, and the matrix products of those steps alone beside each: ViT-B/16 (batch 8) and two
// blocks of the shape of BERT-base (batch 16). On a busy machine set OMP_WAIT_POLICY=passive, or waiting counts as
// work.
#include <slimfit/benchmark.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

#include "../examples/programs/tools/recorded_products.hpp"

namespace {

using namespace slimfit;
using examples::recording_host;

/// Few words, so that the table's update does not hide the blocks.
constexpr bert_shape bert_blocks{.vocabulary = 1000, .layers = 2};

/// Registers the matrix products of one step, run again on numbers of their own.
template <class Model>
void products_of_step(std::string const& name, benchmarks::step_options const& options) {
  auto* const registered =
      benchmark::RegisterBenchmark((name + "/products").c_str(), [options](benchmark::State& state) {
        benchmarks::training_run<Model> run(options);
        examples::product_list products;
        run.device().record(&products);
        run.step();
        run.device().record(nullptr);
        examples::product_player<float> player;
        player.play(run.device(), products);
        for ([[maybe_unused]] auto _ : state) { player.play(run.device(), products); }
      });
  benchmarks::timing<recording_host>::choose_step_clock(registered);
}

template <class Policy>
void add_policy(std::string const& name, double frozen_percent) {
  using vit_base = vit<shapes::vit_base_16, Policy, recording_host>;
  using bert_base_blocks = bert<bert_blocks, Policy, recording_host>;
  benchmarks::step<vit_base>("ViT-B/16 " + name, {.batch = 8, .frozen_percent = frozen_percent});
  products_of_step<vit_base>("ViT-B/16 " + name, {.batch = 8, .frozen_percent = frozen_percent});
  benchmarks::step<bert_base_blocks>("BERT " + name, {.batch = 16, .frozen_percent = frozen_percent});
  products_of_step<bert_base_blocks>("BERT " + name, {.batch = 16, .frozen_percent = frozen_percent});
}

}  // namespace

int main(int argc, char** argv) {
  add_policy<policy::eager>("eager", 0);
  add_policy<policy::slim>("slim", 90);
  return benchmarks::run(argc, argv);
}
