// SPDX-License-Identifier: MIT
// A vision transformer with LayerScale trained on CUDA beside the same one on the host.
#include <slimfit/slimfit.hpp>

#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

inline constexpr vit_shape small{.image = 8,
                                 .patch = 4,
                                 .channels = 1,
                                 .hidden = 32,
                                 .heads = 4,
                                 .mlp = 64,
                                 .layers = 2,
                                 .classes = 3,
                                 .layer_scale = true,
                                 .norm_epsilon = 1e-6};

std::vector<float> images() {
  std::vector<float> values;
  random_stream const random{.seed = 11};
  for (index_t i = 0; i < 4 * 64; ++i) { values.push_back(uniform(random.word(i)) - 0.5F); }
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("LayerScale on CUDA follows the host", Policy, policy::eager, policy::slim) {
  std::vector<std::int32_t> const labels{1, 2, 0, 1};
  auto const expected = train<vit<small, Policy, host>>(images(), labels, 20);
  auto const actual = train<vit<small, Policy, cuda>>(images(), labels, 20);
  check_follows(actual, expected, 1e-3);
}
