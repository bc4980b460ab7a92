// SPDX-License-Identifier: MIT
// What a parameter is to an optimizer.
#pragma once

namespace slimfit {

/// What a parameter is to an optimizer, which may treat them apart.
enum class parameter_role : unsigned char {
  weight,  ///< of a linear layer or an embedding
  norm,    ///< that scales features: the weight of a normalisation, a LayerScale
  bias
};

}  // namespace slimfit
