// SPDX-License-Identifier: MIT
// Exceptions of the library. Every message names the argument, its value and what was expected.
#pragma once

#include <stdexcept>
#include <string>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Base of every exception that slimfit throws.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A tensor, batch or file has another shape than the model was compiled for.
class shape_error : public error {
 public:
  using error::error;
};

/// A number is outside its domain: a NaN in the input, a label beyond the last class, a loss that is not finite.
class value_error : public error {
 public:
  using error::error;
};

/// A file is missing, truncated, malformed, or could not be written.
class file_error : public error {
 public:
  using error::error;
};

/// An allocation did not fit the budget or the machine.
class memory_error : public error {
 public:
  using error::error;
};

/// The library was used in an order that it does not allow, e.g. a stash released twice.
class usage_error : public error {
 public:
  using error::error;
};

/// "slimfit: NAME is VALUE, expected EXPECTATION".
template <class Value>
SLIMFIT_COLD std::string mismatch(std::string const& name, Value const& value, std::string const& expectation) {
  std::string text;
  if constexpr (requires { std::to_string(value); }) {
    text = value == value ? std::to_string(value) : "nan";  // whose sign says nothing
  } else {
    text = value;
  }
  return "slimfit: " + name + " is " + text + ", expected " + expectation;
}

namespace detail {
template <class Error>
[[noreturn]] SLIMFIT_COLD void raise(char const* message) {
  throw Error(message);
}
/// @param who the message begins with
template <class Error>
[[noreturn]] SLIMFIT_COLD void raise(char const* who, char const* message) {
  throw Error(std::string("slimfit: ") + who + ": " + message);
}
/// @param words in front of the expected value
template <class Error, class Value>
[[noreturn]] SLIMFIT_COLD void raise_mismatch(char const* name, Value const& actual, char const* words,
                                              Value const& expected) {
  throw Error(mismatch(name, actual, words + std::to_string(expected)));
}
}  // namespace detail

/// @throws Error when `actual != expected`.
template <class Error = shape_error, class Value>
constexpr void require_equal(char const* name, Value const& actual, Value const& expected) {
  if (actual != expected) { detail::raise_mismatch<Error>(name, actual, "", expected); }
}

/// @throws value_error when `value` is less than `least`.
template <class Value>
constexpr void require_at_least(char const* name, Value value, Value least) {
  if (value < least) { detail::raise_mismatch<value_error>(name, value, "at least ", least); }
}

}  // namespace slimfit
