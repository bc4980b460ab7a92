// SPDX-License-Identifier: MIT
// Plans as text that people read: a table of bytes by category, and what is stored, temporary and at the peak.
#pragma once

#include <cstdio>
#include <string>

#include <slimfit/core/type_name.hpp>
#include <slimfit/plan/plan.hpp>

namespace slimfit {

namespace detail {

/// One line of a table: a name, bytes, MiB and words.
inline std::string byte_line(char const* name, index_t bytes, char const* words = "") {
  char line[160];
  std::snprintf(line, sizeof line, "%-10s %16lld %12.1f  %s", name, static_cast<long long>(bytes),
                static_cast<double>(bytes) / static_cast<double>(MiB), words);
  std::string text = line;
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

}  // namespace detail

/// A usage as a table: the most that each category holds, which is not at the same moment, and all together.
inline std::string describe(memory_usage const& usage) {
  std::string text = "                      bytes          MiB\n";
  for (int i = 0; i < category_count; ++i) {
    auto const which = static_cast<category>(i);
    text += detail::byte_line(category_names[static_cast<std::size_t>(i)], usage.peak_by_category[which]);
  }
  text += detail::byte_line("stored", usage.stored, "kept by the forward pass for the backward pass");
  text += detail::byte_line("temporary", usage.temporary, "gradients and workspace");
  if (usage.offloaded > 0) { text += detail::byte_line("offloaded", usage.offloaded, "in the host's memory"); }
  return text + detail::byte_line("peak", usage.peak(), "of all at any moment");
}

/// A plan as a table: bounds over whatever units the schedule chooses.
/// @tparam Model, Optimizer as those of `plan<Model, Optimizer>(batch)`
template <class Model, class Optimizer>
std::string describe(memory_plan<Model, Optimizer> const& planned) {
  index_t const most = planned.most_active();
  return std::to_string(Model::layout.parameters) + " parameters, at most " + std::to_string(most) + " of " +
         std::to_string(Model::units) + " units active, policy " + type_name<typename Model::policy_type>() + '\n' +
         describe(planned.bound());
}

}  // namespace slimfit
