// SPDX-License-Identifier: MIT
// What a record of memory says, as tables, as JSON and as a trace.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <slimfit/io/atomic_file.hpp>
#include <slimfit/memory/chrome_trace.hpp>
#include <slimfit/memory/record.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "table.hpp"

namespace examples {

inline char const* category_name(slimfit::category which) {
  return slimfit::category_names[static_cast<std::size_t>(which)];
}

/// The largest holders at the peak, and the rest in one line.
inline void print_holders(std::ostream& out, slimfit::memory_record const& record, int most) {
  auto const holders = record.holders_at_peak();
  slimfit::index_t total = 0;
  for (auto const& each : holders) { total += each.bytes; }
  table lines({"held at the peak by", "category", "bytes", "MiB", "%"}, {0, 1});
  auto const add = [&](std::string name, char const* purpose, slimfit::index_t bytes) {
    lines.add(
        {std::move(name), purpose, std::to_string(bytes), mebibytes(bytes),
         fixed(100.0 * static_cast<double>(bytes) / static_cast<double>(std::max<slimfit::index_t>(total, 1)), 1)});
  };
  slimfit::index_t shown = 0;
  auto const count = std::min(holders.size(), static_cast<std::size_t>(most));
  for (std::size_t i = 0; i < count; ++i) {
    add(holders[i].label.text(), category_name(holders[i].purpose), holders[i].bytes);
    shown += holders[i].bytes;
  }
  if (count < holders.size()) { add(std::to_string(holders.size() - count) + " others", "", total - shown); }
  add("together", "", total);
  lines.print(out);
}
/// All of them, largest first.
inline nlohmann::json holders_json(slimfit::memory_record const& record) {
  auto array = nlohmann::json::array();
  for (auto const& each : record.holders_at_peak()) {
    array.push_back({{"holder", each.label.text()}, {"category", category_name(each.purpose)}, {"bytes", each.bytes}});
  }
  return array;
}

/// Why a matrix is kept.
inline std::string reason_of(slimfit::memory_holder const& kept, std::vector<std::string> const& unit_names) {
  if (kept.label.matrix.units.empty()) { return "always"; }
  std::string reason = "active: ";
  for (std::size_t i = 0; i < kept.label.matrix.units.size(); ++i) {
    reason += (i > 0 ? ", " : "") + unit_names[static_cast<std::size_t>(kept.label.matrix.units[i])];
  }
  return reason;
}
/// What is kept for the backward pass: where, what, in which form, why.
inline void print_xray(std::ostream& out, slimfit::memory_record const& record,
                       std::vector<std::string> const& unit_names) {
  table lines({"where", "matrix", "kept as", "bytes", "MiB", "why"}, {0, 1, 2, 5});
  slimfit::index_t total = 0;
  for (auto const& each : record.stored()) {
    lines.add({each.label.place, each.label.matrix.name, each.label.matrix.form, std::to_string(each.bytes),
               mebibytes(each.bytes), reason_of(each, unit_names)});
    total += each.bytes;
  }
  lines.add({"together", "", "", std::to_string(total), mebibytes(total), ""});
  lines.print(out);
}
inline nlohmann::json xray_json(slimfit::memory_record const& record, std::vector<std::string> const& unit_names) {
  auto array = nlohmann::json::array();
  for (auto const& each : record.stored()) {
    auto units = nlohmann::json::array();
    for (int const unit : each.label.matrix.units) { units.push_back(unit_names[static_cast<std::size_t>(unit)]); }
    array.push_back({{"where", each.label.place},
                     {"matrix", each.label.matrix.name},
                     {"form", each.label.matrix.form},
                     {"bytes", each.bytes},
                     {"category", category_name(each.purpose)},
                     {"units", units}});
  }
  return array;
}

/// @throws slimfit::file_error
inline void save_trace(std::string const& path, slimfit::memory_record const& record, slimfit::trace_time time) {
  std::ostringstream trace;
  slimfit::write_chrome_trace(trace, record, time);
  auto const text = trace.str();
  slimfit::atomic_file file(path);
  file.write(text.data(), std::ssize(text));
  file.commit();
}

}  // namespace examples
