// SPDX-License-Identifier: MIT
// One line registers a kernel: what it reads and writes is declared in its workspace, so the report has the fewest
// bytes that it could move.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/benchmark/default_device.hpp>
#include <slimfit/benchmark/workspace.hpp>

namespace slimfit::benchmarks {

template <scalar T>
inline constexpr char const* scalar_name = std::is_same_v<T, bf16>    ? "bf16"
                                           : std::is_same_v<T, float> ? "float"
                                                                      : "double";

/// A kernel object, and for how many rows it is launched.
template <class Kernel>
struct row_task {
  Kernel kernel;
  index_t rows;
};
/// A kernel and its number of rows.
template <class Kernel>
row_task(Kernel, index_t) -> row_task<Kernel>;  // Clang 14 does not deduce it

/// How kernels are run.
struct kernel_options {
  index_t sequences = 0;  ///< batch, of 197 rows each; 0: as many as keep the device busy
  int threads = 1;        ///< of the host
};

/// Times what `prepare(workspace)` returns, a function that launches the kernel once, on copies of the kernel's memory.
template <class Device, class Prepare>
void time_launches(::benchmark::State& state, kernel_options const& options, Prepare const& prepare) {
  if (!can_run<Device>(state)) { return; }
  auto const device = timing<Device>::make(options.threads);
  index_t const sequences = options.sequences > 0 ? options.sequences : timing<Device>::sequences;
  coded_blocks coded;
  std::vector<std::unique_ptr<workspace<Device>>> memory;
  std::vector<std::function<void()>> launches;
  index_t copies = 1;
  for (index_t i = 0; i < copies; ++i) {
    memory.push_back(std::make_unique<workspace<Device>>(device.get(), sequences, &coded));
    launches.emplace_back(prepare(*memory.back()));
    launches.back()();  // loads the kernel
    copies = timing<Device>::copies(memory.back()->bytes_least());
  }
  std::size_t next = 0;
  constexpr int at_once = 16;
  timing<Device>::repeat(state, *device, at_once, [&] { launches[next++ % launches.size()](); });
  auto const& one = *memory.front();
  report_bytes<Device>(state, one.bytes_least(), one.bytes_kept());
  if (one.flops() > 0) {
    state.counters["flops"] =
        ::benchmark::Counter(static_cast<double>(one.flops()), ::benchmark::Counter::kIsIterationInvariantRate);
  }
}

/// Registers a row kernel.
/// @tparam Device backend that it runs on
/// @param name as Google Benchmark lists it
/// @param make `make(workspace<Device>&)` allocates the kernel's operands by `read`, `write`, `update` and the like,
/// and returns a `row_task`
template <class Device = default_device, class Make>
registered kernel(std::string const& name, Make make, kernel_options const& options = {}) {
  auto* const benchmark = ::benchmark::RegisterBenchmark(name.c_str(), [make, options](::benchmark::State& state) {
    time_launches<Device>(state, options, [&](workspace<Device>& memory) {
      auto const task = make(memory);
      auto* const device = memory.device();
      return [task, device] { device->launch(task.rows, task.kernel); };
    });
  });
  timing<Device>::choose_clock(benchmark);
  return benchmark;
}

/// Registers a copy of 256 MiB in the device's memory: what kernels are compared with.
template <class Device = default_device>
registered copy(std::string const& name) {
  auto* const benchmark = ::benchmark::RegisterBenchmark(name.c_str(), [](::benchmark::State& state) {
    if (!can_run<Device>(state)) { return; }
    constexpr index_t bytes = 256 * MiB;
    auto const device = timing<Device>::make(1);
    workspace<Device> memory(device.get(), 1);
    auto* const from = memory.template allocate<std::byte>(bytes);
    auto* const to = memory.template allocate<std::byte>(bytes);
    timing<Device>::repeat(state, *device, 1, [&] { device->copy(from, to, bytes); });
    report_bytes<Device>(state, 2 * bytes, 0);
  });
  timing<Device>::choose_clock(benchmark);
  return benchmark;
}

}  // namespace slimfit::benchmarks
