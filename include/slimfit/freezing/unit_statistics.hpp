// SPDX-License-Identifier: MIT
// What an optimizer measures while it updates a unit; freezing criteria rank units by it.
#pragma once

namespace slimfit::freezing {

/// Measured at one update of one parameter.
struct unit_statistics {
  double relative_update = 0;  ///< mean over the elements of |w_old - w_new| / |w_old|; 0 where w_old is 0
  double gradient_norm = 0;    ///< Euclidean norm of the gradient

  /// Whether the update says anything of the unit. One with the learning rate 0, without a gradient (below a classifier
  /// that is zero), or of weights that were all zero does not: as a distance of 0 it would freeze the unit for good.
  /// What was known of the unit stays, and one that was never measured goes on as such.
  [[nodiscard]] constexpr bool has_learnt() const { return relative_update > 0 && gradient_norm > 0; }
  friend constexpr bool operator==(unit_statistics const&, unit_statistics const&) = default;
};

}  // namespace slimfit::freezing
