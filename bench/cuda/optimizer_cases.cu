// SPDX-License-Identifier: MIT
#include "../cases/optimizer_cases.hpp"
#include "kernel_cases.cuh"

namespace slimfit::bench {
[[maybe_unused]] static bool const added = add_at_start([](auto const& cases) { add_optimizer_cases(cases); });
}  // namespace slimfit::bench
