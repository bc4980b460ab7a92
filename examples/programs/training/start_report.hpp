// SPDX-License-Identifier: MIT
// What a program says of the folder that its weights come from.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <slimfit/huggingface.hpp>

namespace examples {

/// Names parameters that start anew, and tensors that nobody reads.
inline void tell_start(std::string const& folder, slimfit::huggingface_report const& report) {
  auto const joined = [](std::vector<std::string> const& names) {
    std::string text;
    for (auto const& name : names) { text += (text.empty() ? "" : ", ") + name; }
    return text;
  };
  if (!report.missing.empty()) {
    std::printf("weights from %s; not from there but anew: %s\n", folder.c_str(), joined(report.missing).c_str());
  }
  if (!report.unused.empty()) { std::printf("of %s not used: %s\n", folder.c_str(), joined(report.unused).c_str()); }
}

}  // namespace examples
