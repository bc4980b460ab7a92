// SPDX-License-Identifier: MIT
// Stashes of blocks that wait outside the device (Rhu et al., "vDNN", 2016, for whole blocks). On the device there are
// two places, taken in turns: while one block fills its place, the other's content leaves; in the backward pass one is
// read while the other comes back. What the last two blocks keep stays where it is.
#pragma once

#include <algorithm>
#include <array>

#include <slimfit/core/error.hpp>
#include <slimfit/memory/arena.hpp>
#include <slimfit/memory/offload_store.hpp>
#include <slimfit/memory/recorded_scope.hpp>

namespace slimfit {

/// Keeps the stashes of at most `Blocks` blocks. Blocks are numbered among those that are offloaded.
template <int Blocks>
class offloaded_blocks {
 public:
  /// One more block, which keeps `bytes`.
  constexpr void add(index_t bytes) { bytes_[static_cast<std::size_t>(count_++)] = bytes; }
  /// Takes the memory of all. @throws memory_error
  template <class Context>
  constexpr void open(Context& run) {
    if (count_ == 0) { return; }
    auto const range = run.range("offloaded blocks");
    recorded_matrix const label(run.memory.record(), [] { return described_matrix{"two places"}; });
    index_t sent = 0;
    std::array<index_t, offload_places> largest{};
    for (int block = 0; block < count_; ++block) {
      largest[place(block)] = std::max(largest[place(block)], bytes(block));
      first_[static_cast<std::size_t>(block)] = sent;
      if (leaves(block)) { sent += bytes(block); }
    }
    for (std::size_t i = 0; i < offload_places; ++i) {
      slots_[i] = run.memory.keep_slot(largest[i], category::static_activations);
      // Copies include the gaps between arrays, which nobody writes.
      if (sent > 0) { run.device.fill_zero(run.memory.address(slots_[i]), largest[i]); }
    }
    outside_ = {run.device.offload(), run.memory.book(), sent};
  }

  /// Runs `body()`, the forward pass of `block`, and sends what it kept on its way.
  template <class Context, class Body>
  constexpr auto forward(Context& run, int block, Body const& body) const {
    if (block >= offload_places) { store(run).wait(number(block)); }
    auto kept = [&] {
      tape_window const window(run.memory, slot(block));
      return body();
    }();
    if (leaves(block)) {
      store(run).send(run.memory.address(slot(block)), place_outside(block), bytes(block), number(block));
    }
    return kept;
  }
  /// Runs `body()`, the backward pass of `block`, when its stashes are there, and then has others fetched.
  template <class Context, class Body>
  constexpr void backward(Context& run, int block, Body const& body) const {
    if (leaves(block)) { store(run).wait(number(block)); }
    {
      tape_window const window(run.memory, slot(block), bytes(block));
      body();
    }
    if (int const next = block - offload_places; next >= 0) {
      store(run).fetch(run.memory.address(slot(next)), place_outside(next), bytes(next), number(next));
    }
    if (block > 0) { return; }
    for (std::size_t i = offload_places; i-- > 0;) { run.memory.release_slot(slots_[i], category::static_activations); }
  }

 private:
  template <class Context>
  static constexpr auto& store(Context& run) {
    return run.device.offload();
  }
  static constexpr int number(int block) { return block % offload_places; }
  static constexpr std::size_t place(int block) { return static_cast<std::size_t>(number(block)); }
  [[nodiscard]] constexpr bool leaves(int block) const { return block + offload_places < count_; }
  [[nodiscard]] constexpr index_t bytes(int block) const { return bytes_[static_cast<std::size_t>(block)]; }
  [[nodiscard]] constexpr tape_slot slot(int block) const { return slots_[place(block)]; }
  [[nodiscard]] constexpr index_t place_outside(int block) const {
    return outside_.first() + first_[static_cast<std::size_t>(block)];
  }

  int count_ = 0;
  std::array<index_t, static_cast<std::size_t>(Blocks)> bytes_{};
  std::array<index_t, static_cast<std::size_t>(Blocks)> first_{};  ///< where their copies begin
  std::array<tape_slot, offload_places> slots_{};
  offload_part outside_;
};

}  // namespace slimfit
