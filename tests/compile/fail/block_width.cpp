// SPDX-License-Identifier: MIT
// expect: slimfit: block<Chunk, Halves...>: all halves must be equally wide
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

template <int Width>
using half =
    residual_half<layer_norm<Width, policy::slim::norm, float>, mlp<Width, 32, policy::slim, float>, residual::stream>;
int const width = block<policy::slim::chunk, half<16>, half<8>>::width;
