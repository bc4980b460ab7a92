// SPDX-License-Identifier: MIT
// expect: slimfit: pruned<Keep, Format, per_tensor> is saved as a whole, not row by row: only layer normalisation does so, with stash::layer_norm_normalized
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/stash/pruned.hpp>

using namespace slimfit;

using whole = stash::pruned<percent<10>, format::full, stash::per_tensor>;

void save(float const* input) { kernels::save_rows<64, float, whole::kept<float, 64>>{input, {}}(serial_group{}, 0); }
