// SPDX-License-Identifier: MIT
// The shape that all layers share. A layer is run over a batch as a whole:
//
//     auto const kept = layer.forward(run, batch, {.input = x, .residual = r}, {.output = y});
//     layer.backward(run, kept, {.output_gradient = dy}, {.input_gradient = dx});
//
// `forward` leaves on the tape what `backward` needs, and returns where; `backward` hands the gradients of the
// parameters to the context's updates and releases what was kept. A layer that can also be run over parts of a batch
// (`divisible_layer`) makes room for all rows first:
//
//     auto const kept = layer.keep(run, batch);
//     layer.forward(run, kept.part(first, count), {.input = x}, {.output = y});            // for each part
//     typename layer_type::template gradients<updates> sums(run, layer);
//     layer.backward(run, kept.part(first, count), {.output_gradient = dy}, {.input_gradient = dx}, sums);  // for each
//     sums.finish(run, layer);
//     layer.release(run, kept);
//
// Two calls instead of one because of memory: what a whole block keeps must not be on the tape before its first half
// has run.
//
// What a layer may have beyond that, and what holds where it has not:
//  - `mixes_rows` (false): its rows see each other, see below;
//  - `save_whole(run, kept, operands)` (nothing): saves what depends on all rows at once, before parts are processed;
//  - `set_epsilon(value)`: a normalisation whose epsilon a model's configuration sets;
//  - of the norm of a residual_half, `with_output(kept, body)`: calls `body(source)` with what restores its output;
//  - of the body of a residual_half, `rebuilds_input` (false): its input is not kept but restored by the norm before
//  it,
//    and `norm_name` ("LayerNorm"): what the norm before it is called in records of memory;
//  - in a layer_network, `units_bound()` (nothing): called when parameters have their units.
#pragma once

#include <concepts>

#include <slimfit/core/matrix_product.hpp>
#include <slimfit/pass/context.hpp>
#include <slimfit/pass/counting_context.hpp>
#include <slimfit/pass/live_rows.hpp>

namespace slimfit {

/// What a forward pass reads. Pointers are to the first of the rows that are processed.
template <scalar T>
struct forward_operands {
  T const* input = nullptr;     ///< rows x inputs
  T const* residual = nullptr;  ///< rows x outputs: is added to the output; null: nothing is
};

/// What a forward pass writes.
template <scalar T>
struct forward_results {
  T* output = nullptr;  ///< rows x outputs; may be the input or the residual where the layer says so
  /// Rows of the output that somebody reads. Layers that mix rows write only these, one after the other; others write
  /// all.
  live_rows live = live_rows::all;
};

/// The rows of a layer's input are taken from what the layer itself kept.
struct kept_input {};

/// What a backward pass reads.
/// @tparam Source `kept_input`, or what restores the rows of the input, e.g. from a neighbour's stash
template <scalar T, class Source = kept_input>
struct backward_operands {
  T const* output_gradient = nullptr;  ///< as the output
  Source input{};
};

/// What a backward pass writes.
template <scalar T>
struct backward_results {
  T* input_gradient = nullptr;  ///< rows x inputs; null: nobody needs it, where the layer says that it may be
  update_mode mode = update_mode::overwrite;
};

namespace detail {
/// @throws usage_error for a residual, in layers that add none
template <scalar T>
constexpr void require_no_residual(char const* layer, forward_operands<T> const& in) {
  if (in.residual != nullptr) { raise<usage_error>(layer, "a residual is given, expected none: the layer adds none"); }
}
/// @throws usage_error where the input's gradient is missing, in layers that compute it in any case. Pointers are null
/// in plans.
template <class Context, scalar T>
constexpr void require_input_gradient(Context const& /*run*/, char const* layer, backward_results<T> const& below) {
  if (!Context::counts_only && below.input_gradient == nullptr) {
    raise<usage_error>(layer, "input_gradient is null, expected memory for it: the layer computes it in any case");
  }
}
/// The same, and @throws usage_error where it is to be added, in layers that overwrite it.
template <class Context, scalar T>
constexpr void require_overwritten_gradient(Context const& run, char const* layer, backward_results<T> const& below) {
  require_input_gradient(run, layer, below);
  if (below.mode != update_mode::overwrite) {
    raise<usage_error>(layer, "mode is accumulate, expected overwrite: the layer works in the memory of the gradient");
  }
}
}  // namespace detail

namespace detail {
template <class L>
using counted_kept = typename L::kept_type;
}  // namespace detail

/// A layer, run over whole batches. `visit(visitor, name)` calls `visitor(parameter, name)` for every parameter.
template <class L>
concept layer = scalar<typename L::value_type> &&
    requires(L const& each, counting_context& run, sequence_batch const& batch, detail::counted_kept<L> const& kept,
             forward_operands<typename L::value_type> in, forward_results<typename L::value_type> out,
             backward_operands<typename L::value_type> above, backward_results<typename L::value_type> below) {
  { each.forward(run, batch, in, out) } -> std::same_as<typename L::kept_type>;
  each.backward(run, kept, above, below);
};

/// A layer that can be run over parts of a batch.
template <class L>
concept divisible_layer = layer<L> &&
    requires(L const& each, counting_context& run, sequence_batch const& batch, typename L::kept_type const& kept,
             index_t n, forward_operands<typename L::value_type> in, forward_results<typename L::value_type> out) {
  { each.keep(run, batch) } -> std::same_as<typename L::kept_type>;
  { kept.part(n, n) } -> std::same_as<typename L::kept_type>;
  each.forward(run, kept, in, out);
  each.release(run, kept);
  typename L::template gradients<counting_context::updates_type>;
};

/// Whether the rows of a layer see each other, as attention's do: its parts are then whole sequences, and it leaves out
/// the rows of its output that nobody reads, see `forward_results::live`, which `keep` gets behind the batch. Layers
/// say so by `static constexpr bool mixes_rows = true`.
template <class L>
inline constexpr bool mixes_rows = requires {
  requires L::mixes_rows;
};

/// Calls `save_whole` of a layer that has it: it saves what depends on all rows at once, before parts are processed.
/// Not part of `whole_batch`, where nvcc 13 makes no device code of kernels that are named behind this question.
template <class Context, class Layer>
constexpr void save_whole(Context& run, Layer const& each, typename Layer::kept_type const& kept,
                          forward_operands<typename Layer::value_type> const& in) {
  if constexpr (requires { each.save_whole(run, kept, in); }) { each.save_whole(run, kept, in); }
}

/// Gives a divisible layer the calls for a whole batch; to be derived from, with `using` for both names.
template <class Layer, scalar T>
class whole_batch {
 public:
  /// Makes room for all rows and processes them at once. @return what `backward` needs
  template <class Context>
  [[nodiscard]] constexpr auto forward(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                                       forward_results<T> const& out) const {
    auto const kept = [&] {
      if constexpr (mixes_rows<Layer>) {
        return self().keep(run, batch, out.live);
      } else {
        return self().keep(run, batch);
      }
    }();
    slimfit::save_whole(run, self(), kept, in);
    self().forward(run, kept, in, out);
    return kept;
  }
  /// Hands the gradients of the parameters to the context's updates and releases `kept`.
  template <class Context, class Kept, class Source = kept_input>
  constexpr void backward(Context& run, Kept const& kept, backward_operands<T, Source> const& above,
                          backward_results<T> const& below) const {
    {
      typename Layer::template gradients<typename Context::updates_type> sums(run, self());
      self().backward(run, kept, above, below, sums);
      sums.finish(run, self());
    }
    self().release(run, kept);
  }

 private:
  [[nodiscard]] constexpr Layer const& self() const { return static_cast<Layer const&>(*this); }
};

}  // namespace slimfit
