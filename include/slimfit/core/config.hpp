// SPDX-License-Identifier: MIT
// Library-wide constants: version, index type, byte units, and the macros that mark functions.
#pragma once

#include <cstddef>
#include <cstdint>

#define SLIMFIT_VERSION_MAJOR 0
#define SLIMFIT_VERSION_MINOR 1
#define SLIMFIT_VERSION_PATCH 0

#if defined(__CUDACC__)
#define SLIMFIT_HD __host__ __device__
#else
#define SLIMFIT_HD
#endif

// Functions in the innermost loops: a call that is left there keeps the loop from being vectorised.
#if defined(__GNUC__)
#define SLIMFIT_HD_INLINE SLIMFIT_HD __attribute__((always_inline)) inline
#else
#define SLIMFIT_HD_INLINE SLIMFIT_HD inline
#endif

namespace slimfit {

/// Version as text, e.g. for reports.
inline constexpr char const* version = "0.1.0";

/// Signed type of every count, size in bytes and subscript.
using index_t = std::int64_t;

inline constexpr index_t KiB = 1024;
inline constexpr index_t MiB = 1024 * KiB;
inline constexpr index_t GiB = 1024 * MiB;

/// Smallest multiple of `step` that is at least `value`.
SLIMFIT_HD constexpr index_t round_up(index_t value, index_t step) { return (value + step - 1) / step * step; }

/// Quotient rounded up.
SLIMFIT_HD constexpr index_t divide_up(index_t value, index_t step) { return (value + step - 1) / step; }

/// `pointer + count`, but null stays null: memory plans run the library's own code on null pointers.
template <class T>
SLIMFIT_HD constexpr T* advance(T* pointer, index_t count) {
  return pointer == nullptr ? nullptr : pointer + count;
}

}  // namespace slimfit
