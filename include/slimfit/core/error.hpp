// SPDX-License-Identifier: MIT
// Exceptions of the library. Every message names the argument, its value and what was expected.
#pragma once

#include <stdexcept>
#include <string>

#include <slimfit/core/message.hpp>

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

/// Another rank has failed, is late, or does something else than this one.
class communication_error : public error {
 public:
  using error::error;
};

/// The library was used in an order that it does not allow, e.g. a stash released twice.
class usage_error : public error {
 public:
  using error::error;
};

/// "slimfit: NAME is VALUE, expected EXPECTATION".
[[nodiscard]] SLIMFIT_COLD inline std::string mismatch(message_part name, message_part value,
                                                       message_part expectation) {
  return joined({"slimfit: ", name, " is ", value, ", expected ", expectation});
}

namespace detail {
template <class Error>
[[noreturn]] SLIMFIT_COLD void raise(std::initializer_list<message_part> message) {
  throw Error(joined(message));
}
template <class Error>
[[noreturn]] SLIMFIT_COLD void raise(char const* message) {
  throw Error(message);
}
/// @param who the message begins with
template <class Error>
[[noreturn]] SLIMFIT_COLD void raise(char const* who, char const* message) {
  throw Error(joined({"slimfit: ", who, ": ", message}));
}
}  // namespace detail

/// Throws what `mismatch` says.
/// @param expectation is joined
template <class Error>
[[noreturn]] SLIMFIT_COLD void raise_mismatch(message_part name, message_part value,
                                              std::initializer_list<message_part> expectation) {
  throw Error(slimfit::mismatch(name, value, joined(expectation)));
}

/// @throws Error when `actual != expected`.
template <class Error = shape_error, class Value>
constexpr void require_equal(char const* name, Value const& actual, Value const& expected) {
  if (actual != expected) { raise_mismatch<Error>(name, actual, {expected}); }
}

/// @throws value_error when `value` is less than `least`.
template <class Value>
constexpr void require_at_least(char const* name, Value value, Value least) {
  if (value < least) { raise_mismatch<value_error>(name, value, {"at least ", least}); }
}

}  // namespace slimfit
