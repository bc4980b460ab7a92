// SPDX-License-Identifier: MIT
// How attention's kernels are launched on CUDA: the arrays of what is kept as kernels see them, and sizes of launches.
#pragma once

#include <slimfit/backend/cuda.cuh>
#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/cuda/attention_shape.cuh>
#include <slimfit/kernels/cuda/probabilities.cuh>

namespace slimfit::kernels {

namespace detail {
template <int HeadSize>
struct checked_head_size {
  static_assert(HeadSize >= 4 && HeadSize <= 128 && HeadSize % 4 == 0,
                "slimfit: attention on CUDA: the head size, Hidden / Heads, must be a multiple of 4 up to 128");
};

/// Whether a view's rows of heads of this size can be decoded in part, eight elements at a time.
template <class View, int HeadSize>
inline constexpr bool is_coded_in_runs = [] {
  if constexpr (HeadSize % 8 == 0 && requires(View view) {
                  typename View::format_type;
                  view.codes;
                  view.scales;
                }) {
    if constexpr (requires { View::format_type::scale_group; }) { return View::format_type::scale_group % 8 == 0; }
    return View::row_scales == 0;
  } else {
    return false;
  }
}();
template <class View>
inline constexpr bool is_dense_kept = requires(View view) {
  view.data;
  view.owned;
};

/// The arrays of views, as kernels see them.
template <class T>
dense_rows<T> rows_of(T const* data, int stride) {
  return {data, stride};
}
template <class View>
auto rows_of(View const& view, int stride) {
  if constexpr (is_dense_kept<View>) {
    return rows_of(view.data, stride);
  } else {
    return coded_rows<typename View::format_type>{view.codes.data, view.scales.data, int{View::row_bytes},
                                                  int{View::row_scales}};
  }
}
template <class Kept>
auto probabilities_of(Kept const& kept) {
  if constexpr (Kept::recomputes) {
    return rebuilt_probabilities<typename Kept::value_type>{kept.log_sums.data};
  } else if constexpr (requires { kept.values; }) {
    return dense_probabilities<std::remove_pointer_t<decltype(kept.values.data)>>{kept.values.data};
  } else {
    return coded_probabilities<typename Kept::format_type>{kept.codes.data};
  }
}

/// Enqueues a kernel of attention. @throws cuda_error
template <class... Arguments>
void launch_attention(cuda const& device, void (*kernel)(Arguments...), launch_size const& size,
                      std::type_identity_t<Arguments> const&... arguments) {
  if (size.shared_bytes > 48 * KiB) {
    check(cudaFuncSetAttribute(reinterpret_cast<void const*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(size.shared_bytes)),
          "shared memory of an attention kernel");
  }
  device.launcher().launch(size, kernel, arguments...);
}
/// Of a kernel that has one block of threads for every 64 rows of every head.
inline launch_size rows_launch(index_t heads, int tokens, int shared_bytes) {
  return {static_cast<unsigned>(heads * divide_up(tokens, attention_rows)), attention_threads,
          static_cast<unsigned>(shared_bytes)};
}
/// Of a kernel that has one block of threads for every head.
template <class Layout>
launch_size heads_launch(index_t heads, int tokens) {
  return {static_cast<unsigned>(heads), static_cast<unsigned>(32 * Layout::warps(tokens)),
          static_cast<unsigned>(Layout::bytes(tokens))};
}
/// Whether a block of threads can own a head of so many tokens. @throws cuda_error
template <class Layout>
bool fits_block(int tokens) {
  if (tokens > Layout::most_tokens) { return false; }
  int device = 0;
  int most = 0;
  check(cudaGetDevice(&device), "number of the device");
  check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "shared memory of the device");
  return Layout::bytes(tokens) <= most;
}
/// The same for kernels in which a warp owns a row. @throws cuda_error
template <class Arguments>
void launch_plain(cuda const& device, void (*kernel)(Arguments, attention_shape, index_t), index_t heads,
                  Arguments const& arguments, attention_shape const& shape) {
  index_t const rows = heads * shape.tokens;
  auto const blocks = static_cast<unsigned>(divide_up(rows, attention_threads / 32));
  device.launcher().launch({blocks, attention_threads}, kernel, arguments, shape, rows);
}
}  // namespace detail

}  // namespace slimfit::kernels
