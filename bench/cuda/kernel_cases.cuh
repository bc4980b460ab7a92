// SPDX-License-Identifier: MIT
// The one list of cases for everything that looks at CUDA kernels from outside: benchmarks time them, profilers count
// them. A file `*_cases.cu` adds its cases.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/cuda.cuh>

#include "../cases/cases.hpp"

namespace slimfit::bench {

using cuda_workspace = workspace<cuda>;

/// One kernel at one size.
struct kernel_case {
  std::string kernel;                                             ///< and what it keeps or reads
  std::string type;                                               ///< of its scalars
  int width = 0;                                                  ///< elements of a row
  void const* function = nullptr;                                 ///< the `__global__` function
  int threads = 0;                                                ///< of a block
  std::function<std::function<void()>(cuda_workspace&)> prepare;  ///< allocates, gives what launches it
  int shared_bytes = 0;                                           ///< asked for at its launch
  [[nodiscard]] std::string name() const { return kernel + " " + std::to_string(width) + " " + type; }
  [[nodiscard]] std::string shape(index_t rows) const {
    return std::to_string(rows) + " x " + std::to_string(width) + " " + type;
  }
};

/// All cases of the program.
std::vector<kernel_case>& kernel_cases();

/// Cases on CUDA, in float and bf16: on that list.
struct cuda_cases {
  template <class F>
  void for_scalars(F const& f) const {
    f.template operator()<float>();
    f.template operator()<bf16>();
  }
  template <scalar T, class Make>
  void add(std::string kernel, int width, Make const& make) const {
    using kernel_type = decltype(slimfit::detail::as_launched(make(std::declval<cuda_workspace&>()).kernel));
    using launch = slimfit::detail::row_launch<kernel_type>;
    kernel_cases().push_back({std::move(kernel), scalar_name<T>, width,
                              reinterpret_cast<void const*>(&slimfit::detail::row_kernel<kernel_type>), launch::threads,
                              [make](cuda_workspace& memory) -> std::function<void()> {
                                auto const task = make(memory);
                                auto* const device = memory.device();
                                return [task, device] { device->launch(task.rows, task.kernel); };
                              }});
  }
};

/// Adds cases where the program starts: `add` is a function of a list of cases.
template <class Add>
bool add_at_start(Add const& add) {
  add(cuda_cases{});
  return true;
}

}  // namespace slimfit::bench
