// SPDX-License-Identifier: MIT
// The one list of cases for everything that looks at CUDA kernels from outside: benchmarks time them, profilers count
// them. A file `*_cases.cu` adds its cases with `add_case`.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "workspace.cuh"

namespace slimfit::bench {

/// One kernel at one size.
struct kernel_case {
  std::string kernel;                                        ///< and what it keeps or reads
  std::string type;                                          ///< of its scalars
  int width = 0;                                             ///< elements of a row
  void const* function = nullptr;                            ///< the `__global__` function
  int threads = 0;                                           ///< of a block
  std::function<std::function<void()>(workspace&)> prepare;  ///< allocates, gives what launches it
  int shared_bytes = 0;                                      ///< asked for at its launch
  [[nodiscard]] std::string name() const { return kernel + " " + std::to_string(width) + " " + type; }
  [[nodiscard]] std::string shape(index_t rows) const {
    return std::to_string(rows) + " x " + std::to_string(width) + " " + type;
  }
};

/// All cases of the program.
std::vector<kernel_case>& kernel_cases();

template <scalar T>
inline constexpr char const* scalar_name = std::is_same_v<T, bf16> ? "bf16" : "float";

/// A kernel object, and for how many rows it is launched.
template <class Kernel>
struct row_task {
  Kernel kernel;
  index_t rows;
};

/// Adds a row kernel to the list. `make(workspace&)` gives its `row_task`.
template <scalar T, class Make>
bool add_case(std::string kernel, int width, Make make) {
  using kernel_type = decltype(detail::as_launched(make(std::declval<workspace&>()).kernel));
  using launch = detail::row_launch<kernel_type>;
  kernel_cases().push_back({std::move(kernel), scalar_name<T>, width,
                            reinterpret_cast<void const*>(&detail::row_kernel<kernel_type>), launch::threads,
                            [make](workspace& memory) -> std::function<void()> {
                              auto const task = make(memory);
                              auto* const device = memory.device();
                              return [task, device] { device->launch(task.rows, task.kernel); };
                            }});
  return true;
}

}  // namespace slimfit::bench
