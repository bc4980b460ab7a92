// SPDX-License-Identifier: MIT
// ranks_that_fail HOW: trains, and in the third step the last rank ends in some way; others must not wait for ever. Or
// all train again when MPI has ended.
#include <slimfit/mpi.hpp>
#include <slimfit/slimfit.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

namespace sf = slimfit;

namespace {

constexpr sf::vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 3};
using model = sf::vit<shape, sf::policy::exact, sf::host>;

void fail(std::string const& how) {
  if (how == "kill") { std::raise(SIGKILL); }
  if (how == "throw") { throw sf::file_error("slimfit: batch.bin is not there"); }
  if (how == "sleep") { std::this_thread::sleep_for(std::chrono::seconds(30)); }
}

void train(std::string const& how) {
  sf::mpi<> ranks({.time_limit = 3});
  sf::host device{{.threads = 1}};
  model net{device, 1};
  sf::trainer run{net, sf::adamw{}, {}, sf::freezing::never{}, sf::linear_decay{}, ranks};
  std::vector<float> const images(2 * 64, 0.5F);
  std::vector<std::int32_t> const labels(2, 1);
  for (int step = 0; step < 4; ++step) {
    if (step == 2 && ranks.rank() + 1 == ranks.size()) { fail(how); }
    run.step(images, labels);
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    std::string const how = count > 1 ? words[1] : "";
    train(how);
    if (how == "again") { train(how); }
  } catch (sf::error const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  std::puts("done");
  return 0;
}
