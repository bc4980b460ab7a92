// SPDX-License-Identifier: MIT
// A stack of equal blocks, each of which keeps its stashes, is recomputed or offloaded. When biases are updated with
// their unit, the backward pass ends at the lowest block that has anything to update at or below it, and blocks further
// down keep nothing.
#pragma once

#include <algorithm>
#include <array>

#include <slimfit/layers/offloaded_blocks.hpp>
#include <slimfit/layers/recomputed_block.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/pass/counting_context.hpp>
#include <slimfit/pass/live_rows.hpp>

namespace slimfit {

/// @tparam Live   rows of the last block's output that the head reads
/// @tparam Blocks which blocks are recomputed or offloaded, see policy/blocks.hpp
template <class Block, int Layers, bias_updates Biases, live_rows Live = live_rows::all, class Blocks = blocks::stashed>
class stack {
  static_assert(Layers > 0, "slimfit: stack<Block, Layers, ...>: Layers must be positive");
  static constexpr bool offloads = detail::some_block_is<Blocks>(block_memory::offloaded, Layers);
  static constexpr bool recomputes = detail::some_block_is<Blocks>(block_memory::recomputed, Layers);
  struct nothing {};

 public:
  static constexpr int layers = Layers;
  using block_type = Block;
  using recomputed = recomputed_block<Block, typename Blocks::input>;
  using kept_block = typename recomputed::kept_type;
  struct kept_type {
    std::array<kept_block, static_cast<std::size_t>(Layers)> blocks;
    [[no_unique_address]] std::conditional_t<offloads, offloaded_blocks<Layers>, nothing> offloaded;
  };

  /// Blocks are named `name0`, `name1`, ...
  /// @param before for post-norm blocks: name of the normalisation that the first one begins with
  template <class Visitor, class Name, class... Before>
  constexpr void visit(Visitor&& visitor, Name const& name, Before... before) {
    for (int i = 0; i < Layers; ++i) {
      auto const own = numbered(name, i);
      blocks_[static_cast<std::size_t>(i)].visit(visitor, own, before...);
      ((before = Block::last_norm(own)), ...);
    }
  }
  constexpr void set_norm_epsilon(double epsilon) {
    for (auto& block : blocks_) { block.set_norm_epsilon(epsilon); }
  }
  constexpr void units_bound() {
    for (std::size_t i = 0; i < Layers; ++i) {
      blocks_[i].visit(
          [&](auto const& each, no_name) {
            last_unit_[i] = std::max(last_unit_[i], each.unit);
            if (first_position_[i] < 0) { first_position_[i] = each.position; }
            if (each.kind == parameter_kind::unit && first_unit_ == no_unit) { first_unit_ = each.unit; }
          },
          no_name{});
    }
  }

  [[nodiscard]] constexpr Block& first_block() { return blocks_[0]; }

  /// The rows that `forward` leaves in the stream.
  [[nodiscard]] static constexpr sequence_batch output(sequence_batch const& batch) { return live_part<Live>(batch); }

  /// Updates `stream`, the batch's rows, in place.
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, typename Block::value_type* stream,
                                            sequence_batch const& batch) const {
    kept_type kept;
    if constexpr (offloads) {
      for (int i = 0; i < Layers; ++i) {
        if (is_offloaded(run, i)) { kept.offloaded.add(stored_by(i, run.active, batch)); }
      }
      kept.offloaded.open(run);
    }
    [[maybe_unused]] int offloaded = 0;
    for (int i = 0; i < Layers; ++i) {
      auto const range = run.range("block", i);
      auto here = run.with_backward(needs_backward(run, last_unit(i)));
      auto const body = [&] { return forward_block(i, here, stream, batch); };
      if constexpr (offloads) {
        if (is_offloaded(run, i)) {
          at(kept.blocks, i) = kept.offloaded.forward(here, offloaded++, body);
          continue;
        }
      }
      at(kept.blocks, i) = body();
    }
    return kept;
  }
  /// Turns the gradient of what `forward` left into that of the input stream, in place.
  /// @return whether the gradient of the input stream was computed: something below has to be updated
  template <class Context>
  constexpr bool backward(Context& run, kept_type const& kept, typename Block::value_type* stream_gradient,
                          sequence_batch const& batch) const {
    [[maybe_unused]] int offloaded = 0;
    if constexpr (offloads) {
      for (int i = 0; i < Layers; ++i) { offloaded += is_offloaded(run, i) ? 1 : 0; }
    }
    for (int i = Layers; i-- > 0;) {
      if (!needs_backward(run, last_unit(i))) { return false; }
      auto const range = run.range("block", i);
      auto const body = [&] { backward_block(i, run, at(kept.blocks, i), stream_gradient, batch); };
      if constexpr (offloads) {
        if (is_offloaded(run, i)) {
          kept.offloaded.backward(run, --offloaded, body);
          continue;
        }
      }
      body();
    }
    return needs_backward(run, first_unit_ - 1);
  }

 private:
  /// Bytes that an offloaded block will keep: its place on the tape is made before it runs.
  [[nodiscard]] constexpr index_t stored_by(int layer, active_set const& active, sequence_batch const& batch) const {
    return stored_bytes(active, [&](counting_context& run) {
      auto const& block = at(blocks_, layer);
      if (layer + 1 == Layers) {
        (void)block.template forward<Live>(run, nullptr, batch);
      } else {
        (void)block.forward(run, nullptr, batch);
      }
    });
  }
  static constexpr bool is_recomputed(int layer) { return Blocks::of(layer, Layers) == block_memory::recomputed; }
  /// Whether a block's stashes are offloaded in this pass.
  template <class Context>
  [[nodiscard]] constexpr bool is_offloaded(Context const& run, int layer) const {
    return run.training && Blocks::of(layer, Layers) == block_memory::offloaded &&
           needs_backward(run, last_unit(layer));
  }
  template <class Array>
  static constexpr auto& at(Array& array, int layer) {
    return array[static_cast<std::size_t>(layer)];
  }
  [[nodiscard]] constexpr int last_unit(int layer) const { return at(last_unit_, layer); }
  template <class Context>
  [[nodiscard]] constexpr kept_block forward_block(int i, Context& run, typename Block::value_type* stream,
                                                   sequence_batch const& batch) const {
    if constexpr (Layers > 1) {
      if (i + 1 < Layers) { return forward_rows<live_rows::all>(i, run, stream, batch); }
    }
    return forward_rows<Live>(Layers - 1, run, stream, batch);
  }
  template <live_rows Rows, class Context>
  [[nodiscard]] constexpr kept_block forward_rows(int i, Context& run, typename Block::value_type* stream,
                                                  sequence_batch const& batch) const {
    auto const& block = at(blocks_, i);
    if constexpr (recomputes) {
      if (is_recomputed(i)) {
        return recomputed::template forward<Rows>(run, block, stream, batch, at(first_position_, i));
      }
    }
    return {{}, block.template forward<Rows>(run, stream, batch)};
  }
  template <class Context>
  constexpr void backward_block(int i, Context& run, kept_block const& kept,
                                typename Block::value_type* stream_gradient, sequence_batch const& batch) const {
    if constexpr (Layers > 1) {
      if (i + 1 < Layers) {
        backward_rows<live_rows::all>(at(blocks_, i), is_recomputed(i), run, kept, stream_gradient, batch);
        return;
      }
    }
    backward_rows<Live>(blocks_.back(), is_recomputed(i), run, kept, stream_gradient, batch);
  }
  template <live_rows Rows, class Context>
  static constexpr void backward_rows(Block const& block, [[maybe_unused]] bool recompute, Context& run,
                                      kept_block const& kept, typename Block::value_type* stream_gradient,
                                      sequence_batch const& batch) {
    if constexpr (recomputes) {
      if (recompute) {
        recomputed::template backward<Rows>(run, block, kept, stream_gradient, batch);
        return;
      }
    }
    block.template backward<Rows>(run, kept.stashes, stream_gradient, batch);
  }
  /// Whether anything is updated among the units up to `last`, and what lies below them.
  template <class Context>
  static constexpr bool needs_backward([[maybe_unused]] Context const& run, [[maybe_unused]] int last) {
    if constexpr (Biases == bias_updates::always) {
      return true;
    } else {
      for (int unit = 0; unit <= last; ++unit) {
        if (run.active.test(unit)) { return true; }
      }
      return false;
    }
  }
  std::array<Block, static_cast<std::size_t>(Layers)> blocks_{};
  /// As many of `no_unit`, which is no position either.
  static constexpr std::array<int, static_cast<std::size_t>(Layers)> unknown() {
    std::array<int, static_cast<std::size_t>(Layers)> values{};
    values.fill(no_unit);
    return values;
  }
  std::array<int, static_cast<std::size_t>(Layers)> last_unit_ = unknown();
  std::array<int, static_cast<std::size_t>(Layers)> first_position_ = unknown();
  int first_unit_ = no_unit;
};

}  // namespace slimfit
