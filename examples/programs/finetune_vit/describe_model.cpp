// SPDX-License-Identifier: MIT
#include <slimfit/slimfit.hpp>

#include "../training/describe.hpp"
#include "vit_run.hpp"

namespace examples {

nlohmann::json describe_model(int model) {
  return with_vit_shape(model, [&]<slimfit::vit_shape Shape>() {
    return describe<slimfit::vit<Shape, slimfit::policy::eager, slimfit::host>>(
        vit_models[static_cast<std::size_t>(model)].name);
  });
}

}  // namespace examples
