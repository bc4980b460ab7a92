// SPDX-License-Identifier: MIT
// Counter-based random numbers (Philox4x32-10; Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// Nothing is stored: a number is a function of (seed, iteration, stream, element), the same on every backend, so
// dropout masks are drawn again in the backward pass and a resumed run repeats the interrupted one.
#pragma once

#include <cstdint>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// A counter, and the random words that belong to it.
struct philox_block {
  std::uint32_t words[4];

  SLIMFIT_HD constexpr std::uint32_t operator[](index_t i) const { return words[i]; }
  friend constexpr bool operator==(philox_block const&, philox_block const&) = default;
};

/// Four random words for one 128-bit counter under a 64-bit key.
SLIMFIT_HD constexpr philox_block philox(philox_block counter, std::uint64_t key) {
  auto key0 = static_cast<std::uint32_t>(key);
  auto key1 = static_cast<std::uint32_t>(key >> 32U);
  for (int round = 0; round < 10; ++round) {
    std::uint64_t const product0 = std::uint64_t{0xD2511F53U} * counter[0];
    std::uint64_t const product1 = std::uint64_t{0xCD9E8D57U} * counter[2];
    counter = {{static_cast<std::uint32_t>(product1 >> 32U) ^ counter[1] ^ key0, static_cast<std::uint32_t>(product1),
                static_cast<std::uint32_t>(product0 >> 32U) ^ counter[3] ^ key1, static_cast<std::uint32_t>(product0)}};
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return counter;
}

/// Uniform in [0, 1), 24 bits.
SLIMFIT_HD constexpr float uniform(std::uint32_t word) { return static_cast<float>(word >> 8U) * 0x1p-24F; }

/// Names one sequence of random numbers: a run's seed, the training iteration and the place of use.
struct random_stream {
  std::uint64_t seed = 0;
  std::uint32_t iteration = 0;
  std::uint32_t place = 0;  ///< one per layer and purpose

  /// The word of `element`.
  [[nodiscard]] SLIMFIT_HD constexpr std::uint32_t word(index_t element) const {
    auto const position = static_cast<std::uint64_t>(element);
    return block(position / 4)[element % 4];
  }
  /// The words of elements `4 * group` to `4 * group + 3`.
  [[nodiscard]] SLIMFIT_HD constexpr philox_block block(std::uint64_t group) const {
    return philox({{static_cast<std::uint32_t>(group), static_cast<std::uint32_t>(group >> 32U), iteration, place}},
                  seed);
  }
};

}  // namespace slimfit
