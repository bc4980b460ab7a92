// SPDX-License-Identifier: MIT
// Library-wide constants: version, index type, byte units, and the macros that mark functions.
#pragma once

// Visual C++ tells its language by a macro of its own.
#if defined(_MSVC_LANG)
#define SLIMFIT_LANGUAGE _MSVC_LANG
#else
#define SLIMFIT_LANGUAGE __cplusplus
#endif
#if SLIMFIT_LANGUAGE < 202002L
#error "slimfit needs C++20: compile with -std=c++20; with CMake, link the target slimfit::slimfit or slimfit::cuda"
#endif

#include <cstddef>
#include <cstdint>

#define SLIMFIT_VERSION_MAJOR 0
#define SLIMFIT_VERSION_MINOR 2
#define SLIMFIT_VERSION_PATCH 0

#if defined(__CUDACC__)
#define SLIMFIT_HD __host__ __device__
#else
#define SLIMFIT_HD
#endif

// A function that is not marked for devices, but is called where a kernel runs, is an error with its name. nvcc only
// warns, and the kernel goes on with whatever was in a register. (20011: of a host function, 20013: of a constexpr one,
// unless
// --expt-relaxed-constexpr allows it.)
#if defined(__NVCC__) && defined(__CUDACC__)
#pragma nv_diag_error 20011, 20013
#endif

// Functions in the innermost loops: a call that is left there keeps the loop from being vectorised.
#if defined(__GNUC__)
#define SLIMFIT_HD_INLINE SLIMFIT_HD __attribute__((always_inline)) inline
#else
#define SLIMFIT_HD_INLINE SLIMFIT_HD inline
#endif

// Functions that hardly ever run: errors, and what watches memory. They stay out of their callers, which are compiled
// the faster for it.
#if defined(__GNUC__)
#define SLIMFIT_COLD __attribute__((cold, noinline))
#else
#define SLIMFIT_COLD
#endif

// Before a loop over independent elements: vector instructions on the host, on CUDA unrolling, which keeps arrays in
// registers. Takes OpenMP's clauses, e.g. SLIMFIT_SIMD(reduction(+ : total)).
// SLIMFIT_ANY_ORDER begins the body of a loop that adds up floating point, which may be added in any order.
// SLIMFIT_UNROLL is for loops that only devices must unroll.
// Clang vectorises such loops without being told, and where it is told but cannot, warns about the user's function that
// the loop was inlined into. g++ needs the directive, which it warns about without -fopenmp (-fopenmp-simd, which it
// does not tell: SLIMFIT_OPENMP_SIMD).
#define SLIMFIT_PRAGMA(text) _Pragma(#text)
#if defined(__CUDA_ARCH__)
#define SLIMFIT_SIMD(...) _Pragma("unroll")
#define SLIMFIT_ANY_ORDER
#define SLIMFIT_UNROLL _Pragma("unroll")
#elif defined(__clang__)
#define SLIMFIT_SIMD(...)
#define SLIMFIT_ANY_ORDER SLIMFIT_PRAGMA(clang fp reassociate(on))
#define SLIMFIT_UNROLL
#elif defined(_OPENMP) || defined(SLIMFIT_OPENMP_SIMD)
#define SLIMFIT_SIMD(...) SLIMFIT_PRAGMA(omp simd __VA_ARGS__)
#define SLIMFIT_ANY_ORDER
#define SLIMFIT_UNROLL
#else
#define SLIMFIT_SIMD(...)
#define SLIMFIT_ANY_ORDER
#define SLIMFIT_UNROLL
#endif

namespace slimfit {

/// Version as text, e.g. for reports.
inline constexpr char const* version = "0.2.0";

/// Signed type of every count, size in bytes and subscript.
using index_t = std::int64_t;

inline constexpr index_t KiB = 1024;
inline constexpr index_t MiB = 1024 * KiB;
inline constexpr index_t GiB = 1024 * MiB;

/// Smallest multiple of `step` that is at least `value`.
SLIMFIT_HD constexpr index_t round_up(index_t value, index_t step) { return (value + step - 1) / step * step; }

/// Quotient rounded up.
SLIMFIT_HD constexpr index_t divide_up(index_t value, index_t step) { return (value + step - 1) / step; }

/// The lesser and the greater of two numbers: std::min and std::max do not run on devices.
template <class T>
SLIMFIT_HD constexpr T lesser(T a, T b) {
  return b < a ? b : a;
}
/// See `lesser`.
template <class T>
SLIMFIT_HD constexpr T greater(T a, T b) {
  return a < b ? b : a;
}

/// std::bit_cast, also on devices.
template <class To, class From>
SLIMFIT_HD_INLINE constexpr To bit_cast(From const& value) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, value);
}

/// `pointer + count`, but null stays null: memory plans run the library's own code on null pointers.
template <class T>
SLIMFIT_HD constexpr T* advance(T* pointer, index_t count) {
  return pointer == nullptr ? nullptr : pointer + count;
}

}  // namespace slimfit
