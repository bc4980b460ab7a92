// SPDX-License-Identifier: MIT
// Attention on CUDA: chooses and enqueues its kernels by what is kept of operands and probabilities. Nothing of size
// tokens x tokens is written unless the policy keeps it.
#pragma once

#include <slimfit/kernels/cuda/attention_forward.cuh>
#include <slimfit/kernels/cuda/attention_head_forward.cuh>
#include <slimfit/kernels/cuda/attention_head_gradients.cuh>
#include <slimfit/kernels/cuda/attention_key_gradients.cuh>
#include <slimfit/kernels/cuda/attention_launch.cuh>
#include <slimfit/kernels/cuda/attention_plain.cuh>
#include <slimfit/kernels/cuda/attention_query_gradient.cuh>
#include <slimfit/kernels/cuda/attention_row_sums.cuh>
#include <slimfit/kernels/host/attention_engine.hpp>

namespace slimfit::kernels {

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

  /// Whether the forward pass may save operands through such views.
  template <class View, class Probabilities>
  static constexpr bool saves_operands =
      owns_heads<decltype(detail::probabilities_of(Probabilities{})), false>&& detail::saves_heads<View, HeadSize>;

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
  /// The same, and saves the operands through `views`: of short sequences. Needs `saves_operands`.
  /// @return whether it did; if not, nothing was enqueued. @throws cuda_error
  template <class Operand, class Probabilities, class View>
  static bool forward_and_save(cuda& device, std::array<Operand, 3> const& operands, Probabilities const& kept,
                               sequence_batch const& batch, T* output, std::array<View, 3> const& views) {
    if (batch.rows() == 0) { return true; }
    auto const head_view = [&](std::size_t i) { return views[i].template saved_in_pieces<HeadSize>(); };
    saved_operands<decltype(head_view(0))> const saved{head_view(0), head_view(1), head_view(2)};
    return launch_head_forward(device, forward_arguments(operands, detail::probabilities_of(kept), output),
                               shape(batch, {}), batch.count() * Heads, saved);
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
  template <class Operand, class Kept>
  static attention_forward_arguments<T, Kept> forward_arguments(std::array<Operand, 3> const& operands,
                                                                Kept const& kept, T* output) {
    return {detail::rows_of<T>(operands[0], hidden), detail::rows_of<T>(operands[1], hidden),
            detail::rows_of<T>(operands[2], hidden), kept, output};
  }
  /// Of sequences that are short enough. @return whether they are
  template <class Kept, class Saved>
  static bool launch_head_forward(cuda& device, attention_forward_arguments<T, Kept> const& arguments,
                                  attention_shape const& where, index_t heads, Saved const& saved) {
    using layout = attention_head_forward_layout<T, HeadSize>;
    if (!detail::fits_block<layout>(where.tokens)) { return false; }
    detail::launch_attention(device, &attention_head_forward_kernel<T, HeadSize, Saved>,
                             detail::heads_launch<layout>(heads, where.tokens), arguments, where, saved);
    return true;
  }
  template <bool Drops, class Operand, class Kept>
  static void launch_forward(cuda& device, std::array<Operand, 3> const& operands, Kept const& kept,
                             sequence_batch const& batch, T* output, attention_options const& options) {
    auto const arguments = forward_arguments(operands, kept, output);
    auto const where = shape(batch, options);
    index_t const heads = batch.count() * Heads;
    if constexpr (owns_heads<Kept, Drops>) {
      if (launch_head_forward(device, arguments, where, heads, no_saved_operands{})) { return; }
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
