// SPDX-License-Identifier: MIT
// Launches row kernels of one type together: blocks of threads of one after those of the other.
#pragma once

#include <limits>

#include <slimfit/backend/cuda/launch.cuh>
#include <slimfit/backend/launch_together.hpp>

namespace slimfit {

namespace detail {

/// Kernels of a launch.
template <class Kernel>
struct joined_kernels {
  static constexpr std::size_t most = 8;
  Kernel kernels[most];
  index_t rows[most];
  unsigned ends[most];  ///< block of threads behind the last of each

  [[nodiscard]] __device__ int of_block(unsigned block) const {
    int own = 0;
    SLIMFIT_UNROLL
    for (std::size_t i = 0; i + 1 < most; ++i) { own += block >= ends[i] ? 1 : 0; }
    return own;
  }
};

template <class Kernel>
__global__ void __launch_bounds__(row_launch<Kernel>::threads)
    joined_row_kernel(__grid_constant__ joined_kernels<Kernel> const all) {
  using launch = row_launch<Kernel>;
  int const own = all.of_block(blockIdx.x);
  index_t row = blockIdx.x - (own == 0 ? 0U : all.ends[own - 1]);
  if constexpr (launch::rows_in_block > 1) { row = row * launch::rows_in_block + threadIdx.x / launch::lanes; }
  Kernel const kernel = all.kernels[own];
  if (row < all.rows[own]) { kernel(typename launch::group_type{}, row); }
}

}  // namespace detail

/// Enqueues `kernel(group, row)` for all rows of each of `all`, in launches of up to 8.
/// @throws cuda_error when a launch is refused
template <class Kernel>
void launch_rows_together(kernel_launcher const& launcher, std::span<kernel_rows<Kernel> const> all) {
  using launched_type = std::remove_const_t<decltype(detail::as_launched(all.front().kernel))>;
  using launch = detail::row_launch<launched_type>;
  using joined = detail::joined_kernels<launched_type>;
  static_assert(std::is_trivially_copyable_v<launched_type> && sizeof(joined) <= 4096);
  while (!all.empty()) {
    auto const some = all.first(std::min(all.size(), joined::most));
    all = all.subspan(some.size());
    joined together{};
    unsigned blocks = 0;
    for (std::size_t i = 0; i < joined::most; ++i) {
      if (i < some.size()) {
        together.kernels[i] = detail::as_launched(some[i].kernel);
        together.rows[i] = some[i].rows * (row_kernel_traits<Kernel>::width / launch::width);
        blocks += static_cast<unsigned>(divide_up(together.rows[i], launch::rows_in_block));
      }
      together.ends[i] = i + 1 < some.size() ? blocks : std::numeric_limits<unsigned>::max();
    }
    if (blocks > 0) { launcher.launch({blocks, launch::threads}, &detail::joined_row_kernel<launched_type>, together); }
  }
}

}  // namespace slimfit
