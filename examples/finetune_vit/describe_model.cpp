// SPDX-License-Identifier: MIT
#include <slimfit/slimfit.hpp>

#include "../training/describe.hpp"
#include "vit_run.hpp"

namespace examples {

nlohmann::json describe_model(slimfit::vit_shape const& shape) {
  using policy = slimfit::policy::eager;
  if (same(shape, vit_small_14.shape)) {
    return describe<slimfit::vit<vit_small_14.shape, policy, slimfit::host>>(vit_small_14.name);
  }
  return describe<slimfit::vit<vit_tiny_7.shape, policy, slimfit::host>>(vit_tiny_7.name);
}

}  // namespace examples
