// SPDX-License-Identifier: MIT
// What a file has in place of a tensor that is missing: for errors. Programs that wrap models put prefixes before their
// names ("module.", "_orig_mod.").
#pragma once

#include <string>
#include <string_view>

namespace slimfit::detail {

/// "; there is PREFIX.NAME" where a tensor differs from `name` by what stands before it; otherwise how many there are.
/// @param tensors a map by name
template <class Tensors>
std::string found_instead(std::string_view name, Tensors const& tensors) {
  auto const differs_by_prefix = [](std::string_view longer, std::string_view shorter) {
    return longer.size() > shorter.size() && longer.ends_with(shorter) &&
           longer[longer.size() - shorter.size() - 1] == '.';
  };
  for (auto const& [other, tensor] : tensors) {
    if (differs_by_prefix(other, name)) {
      return "; there is " + other + ": its prefix \"" + other.substr(0, other.size() - name.size()) +
             "\" must go (save the model inside its wrapper)";
    }
    if (differs_by_prefix(name, other)) {
      return "; there is " + other + ", without the prefix \"" +
             std::string(name.substr(0, name.size() - other.size())) + "\"";
    }
  }
  if (tensors.empty()) { return "; there are no tensors"; }
  return "; there are " + std::to_string(tensors.size()) + " tensors, the first is " + tensors.begin()->first;
}

}  // namespace slimfit::detail
