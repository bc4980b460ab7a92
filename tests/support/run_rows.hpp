// SPDX-License-Identifier: MIT
// Runs row kernels in tests: on the serial group, on threads of an emulated one, or, in tests built for CUDA, always on
// the device, with the group that the backend chooses.
#pragma once

#include <slimfit/rows/tile.hpp>

#include <algorithm>

#include "emulated_group.hpp"

#if defined(__CUDACC__)
#include <slimfit/backend/cuda/launch.cuh>
#endif

namespace slimfit::test {

/// Runs `kernel(group, row)` for rows [0, rows), on the serial group or on the threads of an emulated one.
template <class Group, class Kernel>
void run_rows(index_t rows, Kernel const& kernel) {
#if defined(__CUDACC__)
  launch_rows(kernel_launcher{}, rows, kernel);
  check(cudaDeviceSynchronize(), "rows of a test");
#else
  if constexpr (Group::size == 1) {
    for (index_t row = 0; row < rows; ++row) { kernel(serial_group{}, row); }
  } else {
    typename Group::exchange shared;
    std::vector<std::thread> threads;
    for (int lane = 0; lane < Group::size; ++lane) {
      threads.emplace_back([&kernel, &shared, lane, rows] {
        for (index_t row = 0; row < rows; ++row) { kernel(Group(lane, shared), row); }
      });
    }
    for (auto& thread : threads) { thread.join(); }
  }
#endif
}

/// What a stash that saves all rows at once runs its kernels on.
template <class Group>
struct row_context {
  struct {
    template <class T>
    void fill_zero(T* data, index_t count) const {
      std::fill_n(data, count, T{});
    }
  } device;
  template <class Kernel>
  void launch(index_t rows, Kernel const& kernel) const {
    run_rows<Group>(rows, kernel);
  }
};

/// One row: saves it in a stash and reads it back.
template <int Width, scalar T, class Kept>
struct save_and_restore {
  static constexpr int width = Width;
  using scalar_type = T;

  Kept kept;
  T const* input;
  compute_type<T>* restored;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    kept.save(group, row, load<Width>(group, input + row * Width));
    group.sync();
    store(group, restored + row * Width, kept.restore(group, row));
    group.sync();
  }
};

}  // namespace slimfit::test
