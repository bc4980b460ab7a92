// SPDX-License-Identifier: MIT
// A block of one's own: a vision transformer whose blocks have RMSNorm for layer normalisation and a gated MLP for the
// usual one, with 8 bits kept of the gates in the two lower blocks and 4 in the two upper ones. The parts are in
// extending/: rms_norm.hpp is two functions of a row, gated_mlp.hpp three layers in a chain, gated_vit.hpp puts them
// into a network.
#include "extending/gated_vit.hpp"
#include "extending/train.hpp"

namespace {

constexpr slimfit::vit_shape shape{
    .image = 16, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 4, .classes = 2};
using network = gated_vit<shape, mixed_policy, float>;

}  // namespace

int main() { return extending::train<slimfit::model<network, slimfit::host>>("own block"); }
