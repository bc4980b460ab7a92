// SPDX-License-Identifier: MIT
#include "../cases/stash_cases.hpp"
#include "kernel_cases.cuh"

namespace slimfit::bench {
[[maybe_unused]] static bool const added = add_at_start([](auto const& cases) {
  add_save_cases<768>(cases);
  add_save_cases<3072>(cases);
});
}  // namespace slimfit::bench
