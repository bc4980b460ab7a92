// SPDX-License-Identifier: MIT
// A few consecutive elements that are read or written as one access of up to 16 bytes.
#pragma once

#include <slimfit/core/scalar.hpp>

namespace slimfit {

/// `Count` elements; `Count * sizeof(T)` is a power of two. It may be laid over arrays of T.
template <class T, int Count>
struct [[gnu::may_alias]] alignas(sizeof(T) * Count < 16 ? sizeof(T) * Count : 16) element_run {
  T values[static_cast<std::size_t>(Count)];
};

#if defined(__CUDA_ARCH__)
namespace detail {
/// Stores words as one instruction: compilers take the copy of a struct apart into its elements and do not always put
/// them together again.
template <int Words>
struct machine_words {
  unsigned words[Words];

  __device__ void store(void* target) const {
    auto const address = __cvta_generic_to_global(target);
    if constexpr (Words == 4) {
      asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};"
                   :
                   : "l"(address), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
                   : "memory");
    } else if constexpr (Words == 2) {
      asm volatile("st.global.v2.b32 [%0], {%1, %2};" : : "l"(address), "r"(words[0]), "r"(words[1]) : "memory");
    } else {
      asm volatile("st.global.b32 [%0], %1;" : : "l"(address), "r"(words[0]) : "memory");
    }
  }
};
}  // namespace detail
#endif

/// `Count` values as elements of type `Stored`; devices round two to bf16 at once.
template <class Stored, int Count, class T>
SLIMFIT_HD_INLINE element_run<Stored, Count> rounded_run(T const* values) {
#if defined(__CUDA_ARCH__)
  constexpr bool in_pairs = std::is_same_v<Stored, bf16> && std::is_same_v<T, float> && Count % 2 == 0;
#else
  constexpr bool in_pairs = false;
#endif
  if constexpr (in_pairs) {
    element_run<std::uint32_t, Count / 2> words;
    for (int i = 0; i < Count / 2; ++i) {
      asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(words.values[i]) : "f"(values[2 * i + 1]), "f"(values[2 * i]));
    }
    return slimfit::bit_cast<element_run<Stored, Count>>(words);
  } else {
    element_run<Stored, Count> run;
    for (int i = 0; i < Count; ++i) { run.values[i] = static_cast<Stored>(values[i]); }
    return run;
  }
}

/// Reads `Count` elements. `source` must be aligned to 16 bytes, or to all of them where they are fewer.
template <int Count, class T>
SLIMFIT_HD_INLINE element_run<T, Count> load_run(T const* source) {
#if defined(__CUDA_ARCH__)
  if constexpr (sizeof(T) * Count == 16) {
    return slimfit::bit_cast<element_run<T, Count>>(*reinterpret_cast<uint4 const*>(source));
  }
  if constexpr (sizeof(T) * Count == 8) {
    return slimfit::bit_cast<element_run<T, Count>>(*reinterpret_cast<uint2 const*>(source));
  }
  if constexpr (sizeof(T) * Count == 4) {
    return slimfit::bit_cast<element_run<T, Count>>(*reinterpret_cast<unsigned const*>(source));
  }
#endif
  return *reinterpret_cast<element_run<T, Count> const*>(source);
}
/// Writes a run. `target` must be aligned as `load_run` expects of its source.
template <int Count, class T>
SLIMFIT_HD_INLINE void store_run(T* target, element_run<T, Count> const& run) {
  *reinterpret_cast<element_run<T, Count>*>(target) = run;
}
/// The same, on devices to global memory, and there as one access for certain.
template <int Count, class T>
SLIMFIT_HD_INLINE void store_global_run(T* target, element_run<T, Count> const& run) {
#if defined(__CUDA_ARCH__)
  constexpr int bytes = static_cast<int>(sizeof(T)) * Count;
  if constexpr (bytes == 16 || bytes == 8 || bytes == 4) {
    slimfit::bit_cast<detail::machine_words<bytes / 4>>(run).store(target);
    return;
  }
#endif
  store_run(target, run);
}

}  // namespace slimfit
