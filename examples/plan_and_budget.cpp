// SPDX-License-Identifier: MIT
// Memory before a program runs: what training takes is a constant, what does not fit is a compile error, and a policy
// is chosen for a budget. Nothing here allocates a model.
#include <slimfit/plan/fit.hpp>
#include <slimfit/slimfit.hpp>

#include <cstdio>

namespace sf = slimfit;

using model = sf::vit<sf::shapes::vit_base_16, sf::policy::slim, sf::host>;

// The most that any choice of active units can take, at batch 32: as a number, and as an assertion that names both
// numbers when it fails.
constexpr auto peak = sf::plan<model>(32).peak();
static_assert(sf::fits<model, 32, 4 * sf::GiB>);

// A step in which the last block and the head alone are updated: any choice of units has its bytes.
constexpr auto last_units = [] {
  sf::active_set active;
  for (int unit = model::units - 9; unit < model::units; ++unit) { active.set(unit); }
  return active;
}();

// The policy of least error whose plan fits 3 GiB, from a table of measured errors, bytes and times.
template <class Policy>
using network = sf::vit<sf::shapes::vit_base_16, Policy, sf::host>;
using choice = sf::fit<network, 3 * sf::GiB, 32>;

int main() {
  std::printf("ViT-B/16 under slim, batch 32: %.1f MiB at most\n\n%s\n", static_cast<double>(peak) / sf::MiB,
              sf::describe(sf::plan<model>(32)).c_str());
  auto const step = sf::plan<model>(32).with(last_units);
  std::printf("with the last block and the head active, %.1f MiB are stored for the backward pass\n\n",
              static_cast<double>(step.stored) / sf::MiB);
  std::printf("for 3 GiB:\n%s", choice::describe().c_str());
  return choice::peak < 3 * sf::GiB && step.stored <= sf::plan<model>(32).bound().stored ? 0 : 1;
}
