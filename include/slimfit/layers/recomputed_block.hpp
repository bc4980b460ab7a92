// SPDX-License-Identifier: MIT
// A block that may keep its input alone: its forward pass leaves nothing else, and is run again from it when the
// backward pass comes to the block. Random numbers come from counters, so both runs see the same.
#pragma once

#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/policy/blocks.hpp>
#include <slimfit/stash/by_state.hpp>

namespace slimfit {

/// What a block keeps, in either way.
/// @tparam Input matrix stash of the block's input
template <class Block, class Input>
class recomputed_block {
 public:
  using value_type = typename Block::value_type;
  using input_stash = stash::when_training<Input>;

  struct kept_type {
    typename input_stash::template kept<value_type, Block::width> input;
    typename Block::kept_type stashes;
  };

  /// Keeps the stream, `out.output`, then updates it in place.
  /// @param position of the block's first parameter, where the input is rounded at random
  template <class Context>
  [[nodiscard]] static constexpr kept_type forward(Context& run, Block const& block, sequence_batch const& batch,
                                                   forward_results<value_type> const& out, int position = -1) {
    kept_type kept;
    kept.input = run.template keep<input_stash, value_type, Block::width>(
        batch.rows(), {.name = "block's input"}, matrix_place{position, layer_matrix::block_input});
    kept.input.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (form_type::restores) {
        run.launch(batch.rows(), kernels::save_rows<Block::width, value_type, form_type>{out.output, form});
      }
    });
    auto without = run.with_backward(false);
    kept.stashes = block.forward(without, batch, {.input = out.output}, out);
    return kept;
  }
  /// Turns the gradient of the block's output into that of its input, in place.
  template <class Context>
  static constexpr void backward(Context& run, Block const& block, kept_type const& kept, value_type* gradient) {
    auto const& batch = kept.stashes.batch;
    auto const stashes = [&] {
      // An input that was kept as it is turns into the output in its place: nobody needs it again.
      output_target<value_type> const stream(run, kept.input, batch.rows() * Block::width);
      kept.input.visit([&](auto const& form) {
        using form_type = std::remove_cvref_t<decltype(form)>;
        if constexpr (form_type::restores && !detail::is_dense_view<form_type>) {
          run.launch(batch.rows(), kernels::restore_rows<Block::width, value_type, form_type>{form, stream.data()});
        }
      });
      return run.recompute([&] {
        return block.forward(run, batch, {.input = stream.data()},
                             {.output = stream.data(), .live = kept.stashes.live});
      });
    }();
    block.backward(run, stashes, {.output_gradient = gradient}, {.input_gradient = gradient});
    input_stash::release(run.memory, kept.input);
  }
};

}  // namespace slimfit
