// SPDX-License-Identifier: MIT
// A vision transformer trained on CUDA beside the same one on the host: the same losses, the same units, the same
// memory as planned, the same bits from run to run.
#include <doctest/doctest.h>

#include <slimfit/cuda.cuh>
#include <slimfit/slimfit.hpp>

#include "support/vit_fixture.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

struct history {
  std::vector<double> losses;
  std::vector<active_set> active;
  std::vector<float> last_weights;
};

template <class Policy, class Device>
history train(index_t steps) {
  vit_fixture<float> const fixture("vit_small_f32.safetensors");
  using model_type = vit<fixture_shape, Policy, Device>;
  using schedule = freezing::inter_layer<freezing::relative_update, percent<75>>;
  Device device;
  model_type net(device);
  for (auto const& [name, each] : net.parameters()) {
    auto const values = fixture.read(fixture.file, "weight." + name);
    std::vector<float> const narrowed(values.begin(), values.end());
    device.copy(narrowed.data(), each.data, each.count());
  }
  trainer<model_type, adamw, schedule> run(net, {.learning_rate = 1e-4}, {.seed = 5, .steps = steps});
  history result;
  for (index_t step = 0; step < steps; ++step) {
    auto const report = run.step(fixture.images, fixture.labels);
    result.losses.push_back(report.loss);
    result.active.push_back(report.active);
    REQUIRE(report.measured == report.planned);
  }
  for (auto const& [name, each] : net.parameters()) {
    auto const first = result.last_weights.size();
    result.last_weights.resize(first + static_cast<std::size_t>(each.count()));
    device.copy(each.data, result.last_weights.data() + first, each.count());
  }
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("training on CUDA follows the host", Policy, policy::eager, policy::paper, policy::exact,
                   policy::slim, policy::slim_3bit, policy::slim_2bit) {
  constexpr index_t steps = 50;
  auto const expected = train<Policy, host>(steps);
  auto const actual = train<Policy, cuda>(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    CAPTURE(i);
    // Sums in another order: rounding of float, through 50 updates.
    CHECK(std::abs(actual.losses[i] - expected.losses[i]) < 1e-3);
    CHECK(actual.active[i] == expected.active[i]);
  }
  auto const again = train<Policy, cuda>(3);
  CHECK(train<Policy, cuda>(3).last_weights == again.last_weights);
}
