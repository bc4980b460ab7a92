// SPDX-License-Identifier: MIT
// What numbers on the command lines of all programs may be. Each check reads the text before it becomes a number and
// says in a sentence what was expected.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace examples::checks {

/// Limits far beyond what any machine can do, so that numbers that mean nothing end at once.
inline constexpr std::uint64_t most_samples = 1'000'000'000;  ///< of data
inline constexpr std::uint64_t most_of_a_batch = 1'000'000;
inline constexpr std::uint64_t most_tokens = 1'000'000;
inline constexpr std::uint64_t most_steps = 1'000'000'000;
inline constexpr std::uint64_t most_threads = 1024;

/// Whether all of `text` is a number; then it is in `value`.
template <class T>
bool read_number(std::string const& text, T& value) {
  auto const* const end = text.data() + text.size();
  auto const [stop, problem] = std::from_chars(text.data(), end, value);
  return problem == std::errc{} && stop == end;
}

namespace detail {
/// @param reads the text, which it may change; returns "." when it is not what is expected
inline CLI::Validator make(std::string const& expected, std::function<std::string(std::string&)> reads) {
  return {[reads = std::move(reads), expected](std::string& text) {
            auto const problem = reads(text);
            return problem.empty() ? problem : text + " is no " + expected + problem;
          },
          expected};
}
inline std::string decimal(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}
}  // namespace detail

/// A whole number from `least` to `most`.
inline CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return detail::make("whole number from " + std::to_string(least) + " to " + std::to_string(most),
                      [=](std::string const& text) -> std::string {
                        std::uint64_t value = 0;
                        return read_number(text, value) && value >= least && value <= most ? "" : ".";
                      });
}
/// A number from 0 on, or above it, to `most`; neither infinite nor NaN.
inline CLI::Validator number_to(double most, bool above_zero) {
  return detail::make(
      std::string(above_zero ? "number above 0, at most " : "number from 0 to ") + detail::decimal(most),
      [=](std::string const& text) -> std::string {
        double value = 0;
        bool const fits =
            read_number(text, value) && std::isfinite(value) && value <= most && (above_zero ? value > 0 : value >= 0);
        return fits ? "" : ".";
      });
}
inline CLI::Validator positive_to(double most) { return number_to(most, true); }
inline CLI::Validator from_zero_to(double most) { return number_to(most, false); }

/// A freezing rate, of which all programs are told in percent.
/// @return what is wrong, in words; empty when nothing is
inline std::string problem_of_percentage(std::string const& text) {
  double value = 0;
  bool const is_number = read_number(text, value);
  if (is_number && value > 0 && value < 1) {
    return text + " is no freezing rate: rates are percent of the units, as in slim:90; write " +
           detail::decimal(std::round(value * 1e6) / 1e4) + " for a share of " + text + ".";
  }
  if (is_number && value >= 0 && value < 100) { return {}; }
  return text + " is no freezing rate, expected percent of the units: 0, or from 1 to below 100, as in slim:90.";
}
inline CLI::Validator percentage() {
  return {[](std::string& text) { return problem_of_percentage(text); }, "percent, 0 or from 1 to below 100"};
}

/// Bytes of memory, with a unit or without: "8GiB".
inline CLI::Validator bytes() {
  constexpr double most = 0x1p50;
  return detail::make("amount of memory from 1 byte to 1 PiB, e.g. 8GiB", [=](std::string& text) -> std::string {
    auto const digits = text.find_first_not_of("0123456789.");
    double value = 0;
    if (digits == 0 || !read_number(text.substr(0, digits), value)) { return "."; }
    auto unit = digits == std::string::npos ? std::string() : text.substr(digits);
    unit.erase(0, unit.find_first_not_of(' '));
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (!unit.empty() && unit != "b") {
      static constexpr std::string_view prefixes = "kmgtp";
      auto const power = prefixes.find(unit[0]);
      auto const rest = unit.substr(1);
      bool const is_binary = rest == "i" || rest == "ib";
      if (power == std::string_view::npos || !(rest.empty() || rest == "b" || is_binary)) { return "."; }
      value *= std::pow(is_binary ? 1024 : 1000, static_cast<double>(power) + 1);
    }
    value = std::floor(value);
    if (!(value >= 1 && value <= most)) { return "."; }
    text = std::to_string(static_cast<std::uint64_t>(value));
    return {};
  });
}

}  // namespace examples::checks
