// SPDX-License-Identifier: MIT
#include "../cases/layer_norm_cases.hpp"
#include "kernel_cases.cuh"

namespace slimfit::bench {
[[maybe_unused]] static bool const added = add_at_start([](auto const& cases) { add_layer_norm_cases(cases); });
}  // namespace slimfit::bench
