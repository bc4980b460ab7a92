// SPDX-License-Identifier: MIT
// A few consecutive elements that are read or written as one access of up to 16 bytes.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit {

/// `Count` elements; `Count * sizeof(T)` is a power of two. It may be laid over arrays of T.
template <class T, int Count>
struct [[gnu::may_alias]] alignas(sizeof(T) * Count < 16 ? sizeof(T) * Count : 16) element_run {
  T values[Count];
};

/// Reads `Count` elements. `source` must be aligned to 16 bytes, or to all of them where they are fewer.
template <int Count, class T>
SLIMFIT_HD_INLINE element_run<T, Count> load_run(T const* source) {
  return *reinterpret_cast<element_run<T, Count> const*>(source);
}
template <int Count, class T>
SLIMFIT_HD_INLINE void store_run(T* target, element_run<T, Count> const& run) {
  *reinterpret_cast<element_run<T, Count>*>(target) = run;
}

}  // namespace slimfit
