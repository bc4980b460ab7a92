// SPDX-License-Identifier: MIT
// Bits of a word, on every backend.
#pragma once

#include <bit>
#include <cstdint>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Place of the lowest bit that is set in a word that is not zero.
SLIMFIT_HD_INLINE int lowest_bit(std::uint64_t word) {
#ifdef __CUDA_ARCH__
  return __ffsll(static_cast<long long>(word)) - 1;
#else
  return std::countr_zero(word);
#endif
}

}  // namespace slimfit
