// SPDX-License-Identifier: MIT
// Cases of kernels, written once for the host and for CUDA. A list of cases has
//  - `for_scalars(f)`: calls `f<T>()` for the scalars that it is for;
//  - `add<T>(kernel, width, make)`: adds a kernel under a name, with the width of its rows; `make(workspace)` allocates
//    its operands and returns a `row_task`.
#pragma once

#include <string>

#include <slimfit/benchmark/stash_kernels.hpp>

#include "forms.hpp"

namespace slimfit::bench {

using namespace benchmarks;

/// Rows of a sequence.
inline constexpr index_t sequence_tokens = 197;

/// Cases on the host, in float: Google Benchmark's.
struct host_cases {
  template <class F>
  void for_scalars(F const& f) const {
    f.template operator()<float>();
  }
  template <scalar T, class Make>
  void add(std::string const& name, int width, Make const& make) const {
    index_t const rows = timing<host>::sequences * sequence_tokens;
    benchmarks::kernel<host>(name + "/" + std::to_string(rows) + " x " + std::to_string(width), make);
  }
};

}  // namespace slimfit::bench
