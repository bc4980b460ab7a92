// SPDX-License-Identifier: MIT
// Which model a tool takes when it is told none.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace examples {

/// vit-b16 where the tool is compiled for it, else the first that it is compiled for.
/// @param compiled names of models, at least one
inline std::string usual_model(std::vector<std::string> const& compiled) {
  std::string const usual = "vit-b16";
  return std::find(compiled.begin(), compiled.end(), usual) != compiled.end() ? usual : compiled.front();
}

}  // namespace examples
