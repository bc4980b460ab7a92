// SPDX-License-Identifier: MIT
// What is checked of weights from a file, whatever wrote it, and of names of parameters that a program gives.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/dtype.hpp>

namespace slimfit::detail {

/// @param source the file or folder
/// @throws file_error for the first number that is none: a model with it would have no finite loss
template <class T>
void require_finite_weights(std::span<T const> values, std::string const& source, std::string const& tensor) {
  auto const is_finite = [](T value) { return std::isfinite(convert_element<double>(value)); };
  auto const found = std::find_if_not(values.begin(), values.end(), is_finite);
  if (found == values.end()) { return; }
  throw file_error(mismatch(source + ": tensor " + tensor + ", element " + std::to_string(found - values.begin()),
                            convert_element<double>(*found), "a finite number: whoever wrote it had diverged"));
}

/// @param beginnings of names of parameters, as in `load_options::except`
/// @throws value_error for one that no parameter's name begins with
template <class Parameters>
void require_known_names(std::vector<std::string> const& beginnings, Parameters const& parameters) {
  for (auto const& each : beginnings) {
    auto const begins = [&each](auto const& parameter) { return parameter.name.starts_with(each); };
    if (!std::any_of(parameters.begin(), parameters.end(), begins)) {
      throw value_error(mismatch("except", "\"" + each + "\"",
                                 "the name of a parameter or its beginning, e.g. \"" + parameters.back().name + "\""));
    }
  }
}

}  // namespace slimfit::detail
