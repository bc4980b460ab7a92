// SPDX-License-Identifier: MIT
#include "../cases/rows_cases.hpp"
#include "kernel_cases.cuh"

namespace slimfit::bench {
[[maybe_unused]] static bool const added = add_at_start([](auto const& cases) { add_rows_cases(cases); });
}  // namespace slimfit::bench
