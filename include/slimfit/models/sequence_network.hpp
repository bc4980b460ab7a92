// SPDX-License-Identifier: MIT
// A network put together from an embedding, a stack of blocks and a head, with places for layers of a program's own
// between them. What has sizes and names, e.g. vit_network, derives from it.
#pragma once

#include <slimfit/layers/layer.hpp>

namespace slimfit {

/// No layer: leaves the stream as it is.
template <scalar T>
struct no_layer {
  using value_type = T;
  struct kept_type {};

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& /*visitor*/, Name const& /*name*/) {}
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& /*run*/, sequence_batch const& /*batch*/,
                                            forward_operands<T> const& /*in*/,
                                            forward_results<T> const& /*out*/) const {
    return {};
  }
  template <class Context>
  constexpr void backward(Context& /*run*/, kept_type const& /*kept*/, backward_operands<T> const& /*above*/,
                          backward_results<T> const& /*below*/) const {}
};

namespace detail {
/// Whether a head reads every row, whatever the parts say.
template <class Head>
inline constexpr bool reads_all_rows = requires {
  requires Head::reads_all_rows;
};
}  // namespace detail

/// @tparam Parts has
///  - `embedding`: `forward(run, batch, inputs, {.output})` and `backward(run, batch, inputs, {.output_gradient})`;
///  - `before_stack` and `behind_stack`: layers that update the stream in place, or `no_layer`. Behind the stack they
///    get the rows that the head reads;
///  - `stack`, `head`: layers; `loss`: see layers/losses.hpp;
///  - `live_rows live`: which rows of the stack's output the head reads; all where it says `reads_all_rows`.
template <class Parts>
class sequence_network {
 public:
  using embedding_type = typename Parts::embedding;
  using before_type = typename Parts::before_stack;
  using stack_type = typename Parts::stack;
  using behind_type = typename Parts::behind_stack;
  using head_type = typename Parts::head;
  using loss_type = typename Parts::loss;
  using value_type = typename stack_type::value_type;
  using input_type = typename embedding_type::input_type;
  static constexpr int width = stack_type::width;
  /// Rows of the last block's output that are computed.
  static constexpr live_rows live =
      stack_type::mixes_rows && !detail::reads_all_rows<head_type> ? Parts::live : live_rows::all;

  struct kept_type {
    [[no_unique_address]] typename before_type::kept_type before;
    typename stack_type::kept_type blocks;
    [[no_unique_address]] typename behind_type::kept_type behind;
    typename head_type::kept_type head;
  };

  /// To be called when parameters have been given their units.
  constexpr void units_bound() { stack_.units_bound(); }

  /// Overwrites `scores`, what the head gives.
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, input_type const* inputs, sequence_batch const& batch,
                                            value_type* scores) const {
    auto const stream = run.template scratch<value_type>(batch.rows() * width, "stream between blocks");
    forward_operands<value_type> const in{.input = stream.data()};
    forward_results<value_type> const out{.output = stream.data()};
    auto const left = live_part(batch, live);
    embedding_.forward(run, batch, inputs, out);
    kept_type kept;
    kept.before = before_.forward(run, batch, in, out);
    kept.blocks = stack_.forward(run, batch, in, {.output = stream.data(), .live = live});
    kept.behind = behind_.forward(run, left, in, out);
    kept.head = head_.forward(run, left, in, {.output = scores});
    return kept;
  }
  /// Hands every gradient to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, input_type const* inputs, sequence_batch const& batch,
                          value_type const* score_gradient) const {
    auto const gradient = run.template scratch<value_type>(batch.rows() * width, "gradient of the stream");
    backward_operands<value_type> const above{.output_gradient = gradient.data()};
    backward_results<value_type> const below{.input_gradient = gradient.data()};
    head_.backward(run, kept.head, {.output_gradient = score_gradient}, below);
    behind_.backward(run, kept.behind, above, below);
    stack_.backward(run, kept.blocks, above, below);
    if (!stack_.reaches_input(run)) { return; }
    before_.backward(run, kept.before, above, below);
    embedding_.backward(run, batch, inputs, above);
  }

 protected:
  constexpr sequence_network(embedding_type const& embedding, head_type const& head)
      : embedding_(embedding), head_(head) {}
  ~sequence_network() = default;

  embedding_type embedding_;
  [[no_unique_address]] before_type before_;
  stack_type stack_;
  [[no_unique_address]] behind_type behind_;
  head_type head_;
};

}  // namespace slimfit
