// SPDX-License-Identifier: MIT
// ranks_that_resume FILE STEPS: continues the run in FILE, if there is one, saves every third step, and says what the
// weights are at the end.
#include <slimfit/mpi.hpp>
#include <slimfit/slimfit.hpp>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace sf = slimfit;

namespace {

constexpr sf::vit_shape shape{
    .image = 16, .patch = 4, .channels = 1, .hidden = 96, .heads = 4, .mlp = 192, .layers = 2, .classes = 3};
struct half_frozen : sf::policy::exact {
  using freezing = sf::freezing::inter_layer<sf::freezing::relative_update, sf::percent<50>>;
};
using model = sf::vit<shape, half_frozen, sf::host>;
constexpr sf::index_t samples = 8;

/// The rank's part of the batch of a step.
std::vector<float> images_of(sf::index_t step, sf::batch_share const& share) {
  std::vector<float> images;
  for (auto sample = share.first; sample < share.first + share.count; ++sample) {
    sf::random_stream const random{static_cast<std::uint64_t>(sample), static_cast<std::uint32_t>(step), 0};
    for (sf::index_t i = 0; i < model::network_type::inputs; ++i) {
      images.push_back(sf::uniform(random.word(i)) - 0.5F);
    }
  }
  return images;
}

std::uint64_t hash_of(model const& net) {
  std::uint64_t hash = 1;
  for (auto const& [name, each] : net.parameters()) {
    auto const* const bytes = reinterpret_cast<unsigned char const*>(each.data);
    for (std::size_t i = 0; i < static_cast<std::size_t>(each.count()) * sizeof(float); ++i) {
      hash = (hash ^ bytes[i]) * 0x100000001B3U;
    }
  }
  return hash;
}

void train(std::string const& file, sf::index_t steps) {
  sf::mpi<> ranks({.time_limit = 5});
  sf::host device{{.threads = 1}};
  model net{device, 1};
  sf::trainer run{net, sf::sharded_adamw{}, {.seed = 1}, half_frozen::freezing{}, sf::linear_decay{}, ranks};
  if (std::filesystem::exists(file)) { sf::load_run(run, file); }
  auto const mine = sf::share_of_batch(samples, ranks.rank(), ranks.size());
  std::vector<std::int32_t> const labels(static_cast<std::size_t>(mine.count), ranks.rank() % 3);
  while (run.iteration() < steps) {
    run.step(images_of(run.iteration(), mine), labels);
    if (run.iteration() % 3 == 0) { sf::save_run(run, file); }
  }
  if (ranks.rank() == 0) { std::printf("weights %016" PRIx64 "\n", hash_of(net)); }
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) { return 2; }
  try {
    train(words[1], std::atoi(words[2]));
  } catch (sf::error const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
