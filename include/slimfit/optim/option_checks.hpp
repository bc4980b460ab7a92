// SPDX-License-Identifier: MIT
// The check of one option of an optimizer.
#pragma once

#include <slimfit/core/error.hpp>

namespace slimfit::detail {

/// @throws value_error unless `valid`.
inline void require_option(bool valid, char const* name, double value, char const* expectation) {
  if (!valid) { raise_mismatch<value_error>(name, value, {expectation}); }
}

}  // namespace slimfit::detail
