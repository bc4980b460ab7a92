// SPDX-License-Identifier: MIT
// Launches a row kernel: chooses the group of lanes that owns a row from the row's width and the size of its elements.
#pragma once

#include <algorithm>
#include <type_traits>
#include <unordered_set>

#include <slimfit/backend/cuda/groups.cuh>
#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/rows/row_kernel.hpp>

namespace slimfit {

namespace detail {

/// How a kernel's rows are spread over threads.
template <class Kernel>
struct row_launch {
  using traits = row_kernel_traits<Kernel>;
  static constexpr int width = traits::width;
  /// Elements of one access of 16 bytes.
  static constexpr int run = traits::element_bytes <= 2 ? 8 : 4;
  /// Elements of a row that a lane may hold, so that the kernel's tiles fit in its registers.
  static constexpr int most_slots = 96 / traits::live_tiles;
  /// Lanes of a row: as many as have an access each, up to a warp; more where a lane would hold too much. Two at least:
  /// the codes of 8 elements can share bytes, and a lane holds as few as 4.
  static constexpr int lanes = [] {
    int const accesses = (width + run - 1) / run;
    int count = 2;
    while (count < 32 && count < accesses) { count *= 2; }
    while (count < 1024 && width > most_slots * count) { count *= 2; }
    return count;
  }();
  static constexpr int threads = lanes > 32 ? lanes : warp_group_threads;
  /// Whether all groups of a block work on the same row.
  static constexpr bool in_teams = traits::works_in_teams && lanes <= 32;
  static constexpr int rows_in_block = in_teams ? 1 : threads / lanes;
  static constexpr int warp_lanes = lanes <= 32 ? lanes : 32;
  using warp_type = std::conditional_t<in_teams, team_of_warp_groups<warp_lanes, run>, warp_group<warp_lanes, run>>;
  using group_type = std::conditional_t<(lanes > 32), block_group<lanes <= 32 ? 64 : lanes, run>, warp_type>;
};

/// Elements of the rows that a kernel for wider rows is launched with: rows that take more than a warp are cut where
/// they fall apart, because a warp needs no barrier and asks for all scales of its row at once. 0: as they are.
template <class Kernel>
inline constexpr int piece_width = [] {
  using launch = row_launch<Kernel>;
  if constexpr (launch::lanes > 32) {
    constexpr int step = 32 * launch::run;
    for (int piece = 32 * launch::most_slots / step * step; piece > 0; piece -= step) {
      if (launch::width % piece == 0) { return piece; }
    }
  }
  return 0;
}();
/// What `launch_rows` launches.
template <class Kernel>
constexpr auto as_launched(Kernel const& kernel) {
  if constexpr (falls_into_pieces<Kernel, piece_width<Kernel>>) {
    return kernel.template in_pieces<piece_width<Kernel>>();
  } else {
    return kernel;
  }
}

template <class Kernel>
__global__ void __launch_bounds__(row_launch<Kernel>::threads) row_kernel(Kernel const kernel, index_t const rows) {
  using launch = row_launch<Kernel>;
  index_t row = blockIdx.x;
  if constexpr (launch::rows_in_block > 1) { row = row * launch::rows_in_block + threadIdx.x / launch::lanes; }
  if (row < rows) { kernel(typename launch::group_type{}, row); }
}

}  // namespace detail

/// How many threads a kernel is launched with.
struct launch_size {
  unsigned blocks = 0;
  unsigned threads = 0;
  unsigned shared_bytes = 0;  ///< beside what the kernel declares
};

/// Kernels whose code is on the device. The first call of a kernel loads it, which may take memory of the device.
class loaded_kernels {
 public:
  /// @throws cuda_error, std::bad_alloc
  void load(void const* kernel) {
    if (known_.contains(kernel)) { return; }
    cudaFuncAttributes attributes{};
    check(cudaFuncGetAttributes(&attributes, kernel), "code of a kernel");
    known_.insert(kernel);
  }

 private:
  std::unordered_set<void const*> known_;
};

/// Where kernels are enqueued.
struct kernel_launcher {
  cudaStream_t stream = nullptr;
  loaded_kernels* loads = nullptr;  ///< unless it is null, kernels' code is loaded and nothing is enqueued

  /// @throws cuda_error when the launch is refused
  template <class... Parameters>
  void launch(launch_size const& size, void (*kernel)(Parameters...),
              std::type_identity_t<Parameters> const&... arguments) const {
    if (loads != nullptr) {
      loads->load(reinterpret_cast<void const*>(kernel));
      return;
    }
    kernel<<<size.blocks, size.threads, size.shared_bytes, stream>>>(arguments...);
    check(cudaGetLastError(), "launch of a kernel");
  }
};

/// Enqueues `kernel(group, row)` for every row in [0, rows). Kernels of at most 128 bytes are best: nvcc 13 keeps their
/// members in registers, and reads those of larger ones from memory at each use.
/// @throws cuda_error when the launch is refused
template <class Kernel>
void launch_rows(kernel_launcher const& launcher, index_t rows, Kernel const& kernel) {
  static_assert(std::is_trivially_copyable_v<Kernel>,
                "slimfit: a kernel object is copied to the device, so it must be "
                "trivially copyable: hold pointers and numbers only");
  auto const launched = detail::as_launched(kernel);
  using launched_type = std::remove_const_t<decltype(launched)>;
  using launch = detail::row_launch<launched_type>;
  rows *= row_kernel_traits<Kernel>::width / launch::width;
  if (rows <= 0) { return; }
  auto const blocks = static_cast<unsigned>((rows + launch::rows_in_block - 1) / launch::rows_in_block);
  launcher.launch({blocks, launch::threads}, &detail::row_kernel<launched_type>, launched, rows);
}

}  // namespace slimfit
