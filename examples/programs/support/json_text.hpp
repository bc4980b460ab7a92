// SPDX-License-Identifier: MIT
// JSON from files that may be anybody's: text that is not UTF-8, not JSON or nested without end is an error that names
// the file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <slimfit/io/foreign_file.hpp>
#include <slimfit/io/utf8.hpp>

namespace examples {

/// How deep objects and arrays may be nested: values are printed and destroyed by functions that call themselves.
inline constexpr int deepest_json = 64;

/// @param name of the file, for messages
/// @param problem what the message says of a text that is no JSON
/// @throws slimfit::file_error
inline nlohmann::json parse_json(std::string_view text, std::string const& name,
                                 std::string const& problem = "is not JSON") {
  using nlohmann::json;
  slimfit::require_utf8(text, name);
  slimfit::detail::require_no_lfs_pointer(text, name);
  auto const limit_depth = [&](int depth, json::parse_event_t event, json const& /*parsed*/) {
    bool const begins = event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (begins && depth >= deepest_json) {
      throw slimfit::file_error("slimfit: " + name + " " + problem + ": values are nested deeper, expected at most " +
                                std::to_string(deepest_json) + " levels");
    }
    return true;
  };
  try {
    return json::parse(text, limit_depth);
  } catch (json::exception const& reason) {
    throw slimfit::file_error("slimfit: " + name + " " + problem + ": " + reason.what());
  }
}

}  // namespace examples
