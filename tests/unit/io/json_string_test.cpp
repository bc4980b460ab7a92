// SPDX-License-Identifier: MIT
// Strings that are written as JSON.
#include <doctest/doctest.h>
#include <slimfit/io/json_string.hpp>

#include <string>
#include <utility>
#include <vector>

namespace sf = slimfit;

TEST_CASE("strings of JSON are UTF-8 whatever the bytes") {
  for (auto const& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"caf\xC3\xA9", "\"caf\xC3\xA9\""},
           {"caf\xE9", "\"caf\\ufffd\""},
           {"\xE9t\xE9", "\"\\ufffdt\\ufffd\""},
           {"\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
           {"\xC0\xAF", "\"\\ufffd\\ufffd\""},
           {"\xF0\x9F\x98\x80 \xF0\x9F\x98", "\"\xF0\x9F\x98\x80 \\ufffd\""},
           {"\"\\\n", "\"\\\"\\\\\\u000a\""}}) {
    CHECK(sf::detail::json_string(text) == expected);
  }
}
