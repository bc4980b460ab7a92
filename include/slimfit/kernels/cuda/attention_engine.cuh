// SPDX-License-Identifier: MIT
// Attention on CUDA: chooses and enqueues its kernels by what is kept of operands and probabilities. Nothing of size
// tokens x tokens is written unless the policy keeps it.
#pragma once

#include <slimfit/backend/cuda.cuh>
#include <slimfit/kernels/cuda/attention_forward.cuh>
#include <slimfit/kernels/cuda/attention_head_forward.cuh>
#include <slimfit/kernels/cuda/attention_head_gradients.cuh>
#include <slimfit/kernels/cuda/attention_key_gradients.cuh>
#include <slimfit/kernels/cuda/attention_plain.cuh>
#include <slimfit/kernels/cuda/attention_query_gradient.cuh>
#include <slimfit/kernels/cuda/attention_row_sums.cuh>
#include <slimfit/kernels/host/attention_engine.hpp>

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

/// On CUDA: float and bf16 on tensor cores, double plainly.
template <int Heads, int HeadSize, class T>
struct attention_engine<cuda, Heads, HeadSize, T> : private detail::checked_head_size<HeadSize> {
  static constexpr int hidden = Heads * HeadSize;
  static constexpr bool plain = std::is_same_v<T, double>;
  static constexpr int most_fused = 64;  ///< head size of which one kernel makes all gradients
  /// Whether there are kernels whose blocks own whole heads, for short sequences.
  template <class Kept, bool Drops>
  static constexpr bool owns_heads = std::is_same_v<T, bf16>&& HeadSize % 8 == 0 && !Kept::stored && !Drops;
  template <class Kept>
  static constexpr bool reads_kept = detail::is_dense_kept<Kept> ||
                                     (!plain && detail::is_coded_in_runs<Kept, HeadSize>);

  /// Whether the backward pass may make sums over each sequence's rows of the gradients of queries and values.
  template <class Probabilities>
  static constexpr bool sums_columns =
      owns_heads<decltype(detail::probabilities_of(Probabilities{})), false>&& HeadSize <= most_fused;

  static constexpr index_t forward_scratch(sequence_batch const& /*batch*/) { return 0; }
  /// A row sum for every query.
  static constexpr index_t backward_scratch(sequence_batch const& batch) {
    return batch.rows() * Heads * static_cast<index_t>(sizeof(compute_type<T>) / sizeof(T));
  }

  /// Enqueues the forward pass. @throws cuda_error
  /// @tparam Drops whether `options` ask for dropout
  template <bool Drops = false, class Operand, class Probabilities>
  static void forward(cuda& device, std::array<Operand, 3> const& operands, Probabilities const& kept,
                      sequence_batch const& batch, T* output, T* /*scratch*/, attention_options const& options = {}) {
    if (batch.rows() == 0) { return; }
    auto const probabilities = detail::probabilities_of(kept);
    auto const run = [&](auto const& form) { launch_forward<Drops>(device, operands, form, batch, output, options); };
    if constexpr (decltype(probabilities)::stored) {
      if (probabilities.data == nullptr) { return run(rebuilt_probabilities<compute_type<T>>{nullptr}); }
    }
    run(probabilities);
  }

  /// Enqueues the backward pass, with the same options. @throws cuda_error
  /// @param sums where to put sums over each sequence's rows, see `sums_columns`
  /// @return whether they are made: of short sequences
  template <bool Drops = false, class Operand, class Probabilities>
  static bool backward(cuda& device, std::array<Operand, 3> const& operands, Probabilities const& kept,
                       T const* output_gradient, std::array<T*, 3> const& gradients, sequence_batch const& batch,
                       T* scratch, attention_options const& options = {}, column_sum_targets const& sums = {}) {
    if (batch.rows() == 0) { return false; }
    return launch_backward<Drops, false>(device, operands, kept, output_gradient, gradients, batch, scratch, options,
                                         sums);
  }
  /// The same from a stored output, where operands are kept dense and probabilities dense or rebuilt: one pass less
  /// over keys and values. @throws cuda_error
  template <bool Drops = false, class Operand, class Probabilities>
  static void backward(cuda& device, std::array<Operand, 3> const& operands, Probabilities const& kept, T const* output,
                       T const* output_gradient, std::array<T*, 3> const& gradients, sequence_batch const& batch,
                       T* scratch, attention_options const& options = {}) {
    static_assert(
        !detail::is_coded_in_runs<Operand, HeadSize> && !requires { kept.codes; },
        "slimfit: attention's row sums follow from its output only where nothing is coded");
    if (batch.rows() == 0) { return; }
    index_t const rows = batch.count() * batch.tokens();
    auto const blocks = static_cast<unsigned>(divide_up(rows * Heads * 8, attention_threads));
    device.launcher().launch({blocks, attention_threads}, &attention_row_sums_kernel<T, HeadSize>, output,
                             output_gradient, reinterpret_cast<compute_type<T>*>(scratch), shape(batch, options), rows);
    launch_backward<Drops, true>(device, operands, kept, output_gradient, gradients, batch, scratch, options, {});
  }

 private:
  static attention_shape shape(sequence_batch const& batch, attention_options const& options) {
    return {static_cast<int>(batch.tokens()),
            Heads,
            hidden,
            1 / std::sqrt(static_cast<float>(HeadSize)),
            batch.where(),
            options};
  }
  template <bool Drops, class Operand, class Kept>
  static void launch_forward(cuda& device, std::array<Operand, 3> const& operands, Kept const& kept,
                             sequence_batch const& batch, T* output, attention_options const& options) {
    attention_forward_arguments<T, Kept> const arguments{detail::rows_of<T>(operands[0], hidden),
                                                         detail::rows_of<T>(operands[1], hidden),
                                                         detail::rows_of<T>(operands[2], hidden), kept, output};
    auto const where = shape(batch, options);
    index_t const heads = batch.count() * Heads;
    if constexpr (owns_heads<Kept, Drops>) {
      using layout = attention_head_forward_layout<T, HeadSize>;
      if (detail::fits_block<layout>(where.tokens)) {
        return detail::launch_attention(device, &attention_head_forward_kernel<T, HeadSize>,
                                        detail::heads_launch<layout>(heads, where.tokens), arguments, where);
      }
    }
    if constexpr (plain) {
      detail::launch_plain(device, &plain_forward_kernel<T, HeadSize, Kept, Drops>, heads, arguments, where);
    } else {
      constexpr int bytes = attention_forward_layout<T, HeadSize, Kept>::bytes;
      detail::launch_attention(device, &attention_forward_kernel<T, HeadSize, Kept, Drops>,
                               detail::rows_launch(heads, where.tokens, bytes), arguments, where);
    }
  }
  template <bool Drops, bool HasRowSums, class Operand, class Probabilities>
  static bool launch_backward(cuda& device, std::array<Operand, 3> const& operands, Probabilities const& kept,
                              T const* output_gradient, std::array<T*, 3> const& gradients, sequence_batch const& batch,
                              T* scratch, attention_options const& options, column_sum_targets const& sums) {
    auto const probabilities = detail::probabilities_of(kept);
    using kept_type = std::remove_const_t<decltype(probabilities)>;
    using operand_type = decltype(detail::rows_of(operands[0], hidden));
    attention_backward_arguments<T, operand_type, kept_type> const arguments{
        detail::rows_of(operands[0], hidden),
        detail::rows_of(operands[1], hidden),
        detail::rows_of(operands[2], hidden),
        detail::rows_of(output_gradient, hidden),
        probabilities,
        reinterpret_cast<compute_type<T>*>(scratch),
        gradients[0],
        gradients[1],
        gradients[2]};
    auto const where = shape(batch, options);
    index_t const heads = batch.count() * Heads;
    if constexpr (owns_heads<kept_type, Drops> && !HasRowSums && HeadSize <= most_fused) {
      using layout = attention_head_gradients_layout<T, HeadSize>;
      if (detail::fits_block<layout>(where.tokens)) {
        detail::launch_attention(device, &attention_head_gradients_kernel<T, HeadSize, operand_type>,
                                 detail::heads_launch<layout>(heads, where.tokens), arguments, where, sums);
        return true;
      }
    }
    if constexpr (plain) {
      detail::launch_plain(device, &plain_query_gradient_kernel<T, HeadSize, operand_type, kept_type, Drops>, heads,
                           arguments, where);
      detail::launch_plain(device, &plain_key_gradients_kernel<T, HeadSize, operand_type, kept_type, Drops>, heads,
                           arguments, where);
    } else {
      using layout = attention_backward_layout<T, HeadSize, operand_type, kept_type>;
      detail::launch_attention(
          device, &attention_query_gradient_kernel<T, HeadSize, operand_type, kept_type, Drops, HasRowSums>,
          detail::rows_launch(heads, where.tokens, layout::query_bytes), arguments, where);
      detail::launch_attention(device, &attention_key_gradients_kernel<T, HeadSize, operand_type, kept_type, Drops>,
                               detail::rows_launch(heads, where.tokens, layout::key_bytes), arguments, where);
    }
    return false;
  }
};

}  // namespace slimfit::kernels
