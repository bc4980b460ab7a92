// SPDX-License-Identifier: MIT
#include "kernel_cases.cuh"

namespace slimfit::bench {

std::vector<kernel_case>& kernel_cases() {
  static std::vector<kernel_case> cases;
  return cases;
}

}  // namespace slimfit::bench
