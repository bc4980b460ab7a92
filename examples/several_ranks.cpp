// SPDX-License-Identifier: MIT
// several_ranks [STEPS]: a ViT-S/16 whose units are frozen by 95 %, trained by all ranks that mpirun has started, each
// on its part of every batch. The first rank says how much of all gradients travelled.
#include <slimfit/mpi.hpp>
#include <slimfit/slimfit.hpp>

#include <cstdio>
#include <cstdlib>

namespace sf = slimfit;

namespace {

struct mostly_frozen : sf::policy::slim {
  using freezing = sf::freezing::inter_layer<sf::freezing::relative_update, sf::percent<95>>;
};
using model = sf::vit<sf::shapes::vit_small_16, mostly_frozen, sf::host>;
using trainer = sf::trainer<model, sf::adamw, mostly_frozen::freezing, sf::linear_decay, sf::mpi<>>;

/// Samples `share` of a batch: the numbers of each are those that it has on any rank.
struct samples {
  std::vector<float> images;
  std::vector<std::int32_t> labels;

  samples(sf::index_t step, sf::batch_share const& share) {
    constexpr auto pixels = model::network_type::inputs;
    for (auto sample = share.first; sample < share.first + share.count; ++sample) {
      sf::random_stream const random{static_cast<std::uint64_t>(sample), static_cast<std::uint32_t>(step), 0};
      for (sf::index_t i = 0; i < pixels; ++i) { images.push_back(sf::uniform(random.word(i)) - 0.5F); }
      labels.push_back(static_cast<std::int32_t>(sample % 2));
    }
  }
};

void train(int steps) {
  sf::mpi<> ranks;
  sf::host device{{.threads = 1}};
  model net{device, /*seed*/ 1};  // the same weights on all ranks
  trainer run{net, trainer::setup{.options = {.seed = 1, .steps = steps}}, ranks};
  auto const mine = sf::share_of_batch(/*samples*/ 4, ranks.rank(), ranks.size());
  for (int step = 0; step < steps; ++step) {
    samples const part(step, mine);
    auto const report = run.step(part.images, part.labels);
    if (ranks.rank() == 0 && (step < 3 || step + 1 == steps)) {
      std::printf("step %d: loss %.6f, %lld units active, plan %s ledger\n", step, report.loss,
                  static_cast<long long>(report.active.count()), report.planned == report.measured ? "==" : "!=");
    }
  }
  if (ranks.rank() == 0) {
    auto const sent = ranks.counted();
    auto const all = static_cast<double>(model::layout.parameters) * sizeof(float) * steps;
    std::printf(
        "%d ranks, %d steps: %.2f MiB and %.1f sums a step, %.2f %% of all gradients; %.1f ms a step in calls\n",
        ranks.size(), steps, static_cast<double>(sent.bytes) / sf::MiB / steps, static_cast<double>(sent.sums) / steps,
        100 * static_cast<double>(sent.bytes) / all, 1000 * sent.waited / steps);
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    train(count > 1 ? std::atoi(words[1]) : 20);
  } catch (sf::error const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
