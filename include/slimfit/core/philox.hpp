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

/// One sequence of random numbers: of a run's seed, a training iteration and a place of use.
struct random_sequence {
  std::uint64_t seed = 0;
  std::uint32_t iteration = 0;
  std::uint32_t place = 0;

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

/// What a step's random numbers are drawn by, in the backend's memory: a step that was recorded and is run again draws
/// by what lies there then.
struct step_numbers {
  std::uint64_t seed = 0;
  std::uint32_t iteration = 0;
};

/// Names a sequence of random numbers: by seed, iteration and place, or by place in the step whose numbers lie in the
/// backend's memory. Two words either way, because kernels take several as arguments.
struct random_stream {
  std::uint64_t seed = 0;  ///< where `iteration` is `in_memory`: the address of a step's numbers
  std::uint32_t iteration = 0;
  std::uint32_t place = 0;  ///< one per layer and purpose

  static constexpr std::uint32_t in_memory = 0xFFFFFFFFU;

  /// Of the step whose numbers lie at `numbers` when kernels run.
  [[nodiscard]] static random_stream of_step(step_numbers const* numbers, std::uint32_t place) {
    return {reinterpret_cast<std::uintptr_t>(numbers), in_memory, place};
  }

  /// Its sequence, to be asked for once and drawn from many times.
  [[nodiscard]] SLIMFIT_HD constexpr random_sequence sequence() const {
    if (iteration == in_memory) {
      step_numbers const numbers = of_address();
      return {numbers.seed, numbers.iteration, place};
    }
    return {seed, iteration, place};
  }
  /// See random_sequence.
  [[nodiscard]] SLIMFIT_HD constexpr std::uint32_t word(index_t element) const { return sequence().word(element); }
  [[nodiscard]] SLIMFIT_HD constexpr philox_block block(std::uint64_t group) const { return sequence().block(group); }

 private:
  [[nodiscard]] SLIMFIT_HD step_numbers of_address() const {
    return *reinterpret_cast<step_numbers const*>(static_cast<std::uintptr_t>(seed));
  }
};

}  // namespace slimfit
