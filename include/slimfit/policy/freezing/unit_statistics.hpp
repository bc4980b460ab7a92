// SPDX-License-Identifier: MIT
// What an optimizer measures while it updates a unit; freezing criteria rank units by it.
#pragma once

namespace slimfit::freezing {

/// Measured at one update of one parameter.
struct unit_statistics {
  double relative_update = 0;  ///< mean over the elements of |w_old - w_new| / |w_old|; 0 where w_old is 0
  double gradient_norm = 0;    ///< Euclidean norm of the gradient
  friend constexpr bool operator==(unit_statistics const&, unit_statistics const&) = default;
};

}  // namespace slimfit::freezing
