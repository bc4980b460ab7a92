// SPDX-License-Identifier: MIT
// Several launches of kernels of one type at once. A launch costs a device as much as a few megabytes of traffic, which
// is more than the gradients of all vectors of a block have.
#pragma once

#include <span>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// A kernel and the rows that it is launched for.
template <class Kernel>
struct kernel_rows {
  Kernel kernel;
  index_t rows = 0;
};

/// Enqueues `kernel(group, row)` for all rows of each of `all`: as one launch where the backend can. None may depend on
/// another.
template <class Device, class Kernel>
constexpr void launch_together(Device& device, std::span<kernel_rows<Kernel> const> all) {
  if constexpr (requires { device.launch_together(all); }) {
    device.launch_together(all);
  } else {
    for (auto const& each : all) { device.launch(each.rows, each.kernel); }
  }
}

}  // namespace slimfit
