// SPDX-License-Identifier: MIT
// A block that may keep its input alone: its forward pass leaves nothing else, and is run again from it when the
// backward pass comes to the block. Random numbers come from counters, so both runs see the same.
#pragma once

#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/pass/live_rows.hpp>
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
    typename input_stash::template kept<value_type, Block::hidden> input;
    typename Block::kept_type stashes;
  };

  /// Keeps `stream`, then updates it in place.
  /// @param position of the block's first parameter, where the input is rounded at random
  template <live_rows Live, class Context>
  [[nodiscard]] static constexpr kept_type forward(Context& run, Block const& block, value_type* stream,
                                                   sequence_batch const& batch, int position = -1) {
    kept_type kept;
    kept.input = run.template keep<input_stash, value_type, Block::hidden>(
        batch.rows(), {.name = "block's input"}, matrix_place{position, layer_matrix::block_input});
    kept.input.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (form_type::restores) {
        run.launch(batch.rows(), kernels::save_rows<Block::hidden, value_type, form_type>{stream, form});
      }
    });
    auto without = run.with_backward(false);
    kept.stashes = block.template forward<Live>(without, stream, batch);
    return kept;
  }
  /// Turns the gradient of the block's output into that of its input, in place.
  template <live_rows Live, class Context>
  static constexpr void backward(Context& run, Block const& block, kept_type const& kept, value_type* stream_gradient,
                                 sequence_batch const& batch) {
    auto const stashes = [&] {
      // An input that was kept as it is turns into the output in its place: nobody needs it again.
      output_target<value_type> const stream(run, kept.input, batch.rows() * Block::hidden);
      kept.input.visit([&](auto const& form) {
        using form_type = std::remove_cvref_t<decltype(form)>;
        if constexpr (form_type::restores && !detail::is_dense_view<form_type>) {
          run.launch(batch.rows(), kernels::restore_rows<Block::hidden, value_type, form_type>{form, stream.data()});
        }
      });
      return run.recompute([&] { return block.template forward<Live>(run, stream.data(), batch); });
    }();
    block.template backward<Live>(run, stashes, stream_gradient, batch);
    input_stash::release(run.memory, kept.input);
  }
};

}  // namespace slimfit
