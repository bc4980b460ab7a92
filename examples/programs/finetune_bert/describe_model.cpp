// SPDX-License-Identifier: MIT
#include <slimfit/slimfit.hpp>

#include "../training/describe.hpp"
#include "bert_heads.hpp"

namespace examples {

nlohmann::json describe_model(int model, slimfit::bert_head head, int classes) {
  return with_bert_shape(model, head, classes, [&]<slimfit::bert_shape Shape>() {
    return describe<slimfit::bert<Shape, slimfit::policy::eager, slimfit::host>>(
        bert_models[static_cast<std::size_t>(model)].name);
  });
}

}  // namespace examples
