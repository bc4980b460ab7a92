// SPDX-License-Identifier: MIT
// One line registers a stash or a number format: the kernel that keeps a matrix in it, and the one that reads it back.
#pragma once

#include <array>
#include <cmath>

#include <slimfit/benchmark/stash_kernels.hpp>
#include <slimfit/policy/model_policy.hpp>

namespace slimfit::benchmarks {

namespace detail {

template <class S>
inline constexpr bool is_by_state = false;
template <class Active, class Frozen>
inline constexpr bool is_by_state<slimfit::stash::by_state<Active, Frozen>> = true;

template <class S>
struct checked_stash {
  static constexpr bool is_matrix = slimfit::detail::keeps_while_active<S>;
  static constexpr bool is_gelu = slimfit::detail::is_gelu_stash<S>;
  static constexpr bool is_norm = slimfit::detail::is_norm_stash<S>;
  static_assert(
      is_matrix || is_gelu || is_norm,
      "slimfit: benchmarks::stash<Stash>: Stash must be one of a matrix, of GELU or of layer normalisation, e.g. "
      "stash::quantized<format::affine<4>> or stash::gelu_derivative<...>");
  static_assert(
      !is_by_state<S>,
      "slimfit: benchmarks::stash<Stash>: by_state keeps one form or the other; benchmark each form by itself");
};

/// Root mean square of what a format loses of normal numbers, relative to them.
template <class Format>
double relative_error() {
  constexpr int width = 64;
  using quantized = slimfit::stash::quantized<Format>;
  auto const numbers = normal_numbers();
  std::array<std::byte, 2 * width * sizeof(float) + 2 * arena::alignment> block{};
  auto const address = reinterpret_cast<std::uintptr_t>(block.data());
  double lost = 0;
  double all = 0;
  for (std::size_t first = 0; first + width <= numbers.size(); first += width) {
    ledger book;
    arena memory(book, block.data() + (arena::alignment - address % arena::alignment) % arena::alignment,
                 2 * width * sizeof(float) + arena::alignment);
    auto const kept = slimfit::stash::keep<quantized, float, width>(memory, 1, category::static_activations,
                                                                    unit_state::active, random_stream{.seed = first});
    auto const exact = load<width>(serial_group{}, numbers.data() + first);
    kept.save(serial_group{}, 0, exact);
    auto const restored = kept.restore(serial_group{}, 0);
    for (int i = 0; i < width; ++i) {
      auto const difference = static_cast<double>(restored.values[i]) - static_cast<double>(exact.values[i]);
      lost += difference * difference;
      all += static_cast<double>(exact.values[i]) * static_cast<double>(exact.values[i]);
    }
  }
  return std::sqrt(lost / all);
}

}  // namespace detail

/// Registers the two kernels that a stash takes part in, forward and backward: of a matrix, keeping and restoring it;
/// of GELU and of layer normalisation, the operator itself.
/// @tparam Width  elements of a row
/// @tparam Device backend that they run on
/// @return both, in this order
template <class Stash, int Width = 768, class Device = default_device, scalar T = float>
std::array<registered, 2> stash(std::string const& name, kernel_options const& options = {}) {
  using checked = detail::checked_stash<Stash>;
  auto const size = " " + std::to_string(Width) + " " + scalar_name<T>;
  auto const both = [&](auto forward, auto backward, std::string const& first, std::string const& second) {
    return std::array{kernel<Device>(name + "/" + first + size, forward, options),
                      kernel<Device>(name + "/" + second + size, backward, options)};
  };
  if constexpr (checked::is_gelu) {
    return both(gelu_forward_case<Stash, T, Width>{}, gelu_backward_case<Stash, T, Width>{}, "gelu_forward",
                "gelu_backward");
  } else if constexpr (checked::is_norm) {
    return both(layer_norm_forward_case<Stash, T, Width>{}, layer_norm_backward_case<Stash, T, Width>{},
                "layer_norm_forward", "layer_norm_backward");
  } else {
    return both(save_case<Stash, T, Width>{}, restore_case<Stash, T, Width>{}, "save_rows", "restore_rows");
  }
}

/// Registers a number format: the stash `quantized<Format>`, and one that reports its bits per number, scales included,
/// and its relative error, the root mean square over normal numbers.
template <class Format, int Width = 768, class Device = default_device, scalar T = float>
std::array<registered, 2> format(std::string const& name, kernel_options const& options = {}) {
  using quantized = slimfit::stash::quantized<Format>;
  static constexpr auto count = static_cast<double>(Width);
  auto const error = [](::benchmark::State& state) {
    double lost = 0;
    for ([[maybe_unused]] auto _ : state) { ::benchmark::DoNotOptimize(lost = detail::relative_error<Format>()); }
    using kept = typename quantized::template kept<T, Width>;
    state.counters["relative_error"] = lost;
    state.counters["bits_per_number"] = 8 * static_cast<double>(kept::row_bytes + 2 * kept::row_scales) / count;
  };
  ::benchmark::RegisterBenchmark((name + "/error").c_str(), error)->Iterations(1);
  return stash<quantized, Width, Device, T>(name, options);
}

}  // namespace slimfit::benchmarks
