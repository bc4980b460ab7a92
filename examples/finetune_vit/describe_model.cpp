// SPDX-License-Identifier: MIT
#include "train_run.hpp"

namespace examples {

nlohmann::json describe_model() {
  using model_type = training_run<slimfit::policy::eager, slimfit::host>::model_type;
  constexpr auto shape = quickstart_shape;
  slimfit::host device;
  return {{"name", model_name},
          {"image", shape.image},
          {"patch", shape.patch},
          {"channels", shape.channels},
          {"hidden", shape.hidden},
          {"heads", shape.heads},
          {"mlp", shape.mlp},
          {"layers", shape.layers},
          {"classes", shape.classes},
          {"parameters", model_type::layout.parameters},
          {"unit_names", model_type(device).unit_names()}};
}

}  // namespace examples
