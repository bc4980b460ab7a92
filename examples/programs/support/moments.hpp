// SPDX-License-Identifier: MIT
// How AdamW's moments are kept, by name.
#pragma once

#include <slimfit/optim/adamw.hpp>
#include <string>
#include <vector>

namespace examples {

using chosen_adamw = slimfit::basic_adamw<slimfit::drop_if, slimfit::moments::bits8_if>;

inline std::vector<std::string> moments_names() { return {"float32", "8bit", "float32-dropped", "8bit-dropped"}; }

/// @param name one of `moments_names`
inline chosen_adamw adamw_with(std::string const& name) {
  return {.frozen = {.drops = name.ends_with("-dropped")}, .moments = {.coded = name.starts_with("8bit")}};
}

}  // namespace examples
