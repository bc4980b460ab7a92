// SPDX-License-Identifier: MIT
// What is checked of numbers that go to a file or come from one, and of names of parameters that a program gives.
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/dtype.hpp>

namespace slimfit::detail {

/// What is expected of weights in a file: with others a model has no finite loss.
inline constexpr auto finite_weights = "a finite number: the training that wrote it had diverged";

/// @param what   e.g. "tensor classifier.bias", after the name of the file where there is one
/// @param least  numbers below it are refused too
/// @throws Error for the first number that is none
template <class Error, class Values>
void require_finite(std::string const& what, Values const& values, std::string const& expectation = "a finite number",
                    double least = -std::numeric_limits<double>::infinity()) {
  auto const is_sound = [least](auto value) {
    return is_finite_element(value) && convert_element<double>(value) >= least;
  };
  auto const found = std::find_if_not(values.begin(), values.end(), is_sound);
  if (found == values.end()) { return; }
  raise_mismatch<Error>(joined({what, ", element ", found - values.begin()}), convert_element<double>(*found),
                        {expectation});
}

/// @param beginnings of names of parameters, as in `load_options::except`
/// @throws value_error for one that no parameter's name begins with
template <class Parameters>
void require_known_names(std::vector<std::string> const& beginnings, Parameters const& parameters) {
  for (auto const& each : beginnings) {
    auto const begins = [&each](auto const& parameter) { return parameter.name.starts_with(each); };
    if (!std::any_of(parameters.begin(), parameters.end(), begins)) {
      raise_mismatch<value_error>("except", "\"" + each + "\"",
                                  {"the name of a parameter or its beginning, e.g. \"", parameters.back().name, "\""});
    }
  }
}

}  // namespace slimfit::detail
