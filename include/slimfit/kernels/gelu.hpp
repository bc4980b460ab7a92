// SPDX-License-Identifier: MIT
// GELU, forward and backward.
#pragma once

#include <slimfit/kernels/activation.hpp>

namespace slimfit::kernels {

template <int Width, scalar T, class Kept, class KeptOutput = stash::none::kept<T, Width>>
using gelu_forward = activation_forward<activation::gelu, Width, T, Kept, KeptOutput>;

template <int Width, scalar T, class Kept>
using gelu_backward = activation_backward<Width, T, Kept>;

}  // namespace slimfit::kernels
