// SPDX-License-Identifier: MIT
// Policies about parameters: which of them the scheduler may freeze, and when biases are updated.
#pragma once

namespace slimfit {

/// What the scheduler may do with a parameter.
enum class parameter_kind : unsigned char {
  unit,           ///< a weight tensor that is frozen or updated as a whole
  always_active,  ///< a weight outside the units
  with_unit,      ///< no unit of its own: updated with the weight before it
  bias            ///< belongs to no unit; updated always, or with the unit before it when the policy says so
};

/// When biases are updated.
enum class bias_updates : unsigned char {
  always,    ///< every iteration, as in the paper
  with_unit  ///< only while the weight before them is active, which lets the backward pass stop early
};

}  // namespace slimfit
