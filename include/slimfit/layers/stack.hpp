// SPDX-License-Identifier: MIT
// A stack of blocks, each of which keeps its stashes, is recomputed or offloaded. When biases are updated with their
// unit, the backward pass ends at the lowest block that has anything to update at or below it, and blocks further down
// keep nothing.
#pragma once

#include <algorithm>
#include <array>
#include <tuple>

#include <slimfit/layers/offloaded_blocks.hpp>
#include <slimfit/layers/recomputed_block.hpp>
#include <slimfit/pass/bind.hpp>

namespace slimfit {

/// `Count` equal blocks of a stack.
template <class Block, int Count>
struct equal_blocks {
  static_assert(Count > 0, "slimfit: stack<Block, Layers, ...>: Layers must be positive");
  using block_type = Block;
  static constexpr int count = Count;
};

/// @tparam Biases when biases are updated
/// @tparam Blocks which blocks are recomputed or offloaded, see policy/blocks.hpp
/// @tparam Runs   `equal_blocks<...>`, from the input on
template <bias_updates Biases, class Blocks, class... Runs>
class stack_of {
  template <class Run>
  using recomputed = recomputed_block<typename Run::block_type, typename Blocks::input>;
  template <class Run>
  using blocks_in = std::array<typename Run::block_type, static_cast<std::size_t>(Run::count)>;
  template <class Run>
  using kept_in = std::array<typename recomputed<Run>::kept_type, static_cast<std::size_t>(Run::count)>;
  template <std::size_t I>
  using run_at = std::tuple_element_t<I, std::tuple<Runs...>>;
  struct nothing {};

 public:
  static constexpr int layers = (Runs::count + ...);
  using value_type = typename run_at<0>::block_type::value_type;
  static constexpr int width = run_at<0>::block_type::width;
  static_assert(((Runs::block_type::width == width) && ...), "slimfit: stack: all blocks must be equally wide");
  /// Whether it leaves out rows of its output that nobody reads.
  static constexpr bool mixes_rows = run_at<sizeof...(Runs) - 1>::block_type::mixes_rows;

 private:
  static constexpr bool offloads = detail::some_block_is<Blocks>(block_memory::offloaded, layers);
  static constexpr bool recomputes = detail::some_block_is<Blocks>(block_memory::recomputed, layers);

 public:
  struct kept_type {
    std::tuple<kept_in<Runs>...> blocks;
    [[no_unique_address]] std::conditional_t<offloads, offloaded_blocks<layers>, nothing> offloaded;
    sequence_batch batch;
    live_rows live = live_rows::all;
  };

  /// Blocks are named `name0`, `name1`, ...
  /// @param before for post-norm blocks: name of the normalisation that the first one begins with
  template <class Visitor, class Name, class... Before>
  constexpr void visit(Visitor&& visitor, Name const& name, Before... before) {
    for_each_block(*this, [&](auto& block, int i) {
      auto const own = numbered(name, i);
      block.visit(visitor, own, before...);
      ((before = std::remove_cvref_t<decltype(block)>::last_norm(own)), ...);
    });
  }
  constexpr void set_norm_epsilon(double epsilon) {
    for_each_block(*this, [&](auto& block, int /*i*/) { block.set_norm_epsilon(epsilon); });
  }
  /// To be called when parameters have been given their units.
  constexpr void units_bound() {
    for_each_block(*this, [&](auto& block, int i) {
      block.visit(
          [&](auto const& each, no_name) {
            at(last_unit_, i) = std::max(at(last_unit_, i), each.unit);
            if (at(first_position_, i) < 0) { at(first_position_, i) = each.position; }
            if (each.kind == parameter_kind::unit && first_unit_ == no_unit) { first_unit_ = each.unit; }
          },
          no_name{});
    });
  }
  [[nodiscard]] constexpr auto& first_block() { return std::get<0>(blocks_)[0]; }

  /// The output may be the input, and should: otherwise all rows are copied first. @throws usage_error for a residual
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch,
                                            forward_operands<value_type> const& in,
                                            forward_results<value_type> const& out) const {
    detail::require_no_residual("stack", in);
    if (in.input != out.output) { run.device.copy(in.input, out.output, batch.rows() * width); }
    kept_type kept;
    kept.batch = batch;
    kept.live = out.live;
    if constexpr (offloads) { open_places(run, kept); }
    [[maybe_unused]] int offloaded = 0;
    for_each_block(*this, kept.blocks, [&](auto const& block, auto& kept_block, int i) {
      auto const range = run.range("block", i);
      auto here = run.with_backward(needs_backward(run, at(last_unit_, i)));
      forward_results<value_type> const results{.output = out.output, .live = live_of(i, out.live)};
      auto const body = [&] { return forward_block(here, block, i, batch, results); };
      using kept_type_of_block = std::remove_cvref_t<decltype(kept_block)>;
      if constexpr (offloads) {
        if (is_offloaded(run, i)) {
          kept_block = kept_type_of_block(kept.offloaded.forward(here, offloaded++, body));
          return;
        }
      }
      kept_block = body();
    });
    return kept;
  }
  /// Ends at the lowest block that anything at or below is updated of; see `reaches_input`. The input's gradient may be
  /// the output's, and should. Releases `kept`. @throws usage_error where it is null or to be added
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<value_type> const& above,
                          backward_results<value_type> const& below) const {
    detail::require_overwritten_gradient(run, "stack", below);
    if (above.output_gradient != below.input_gradient) {
      index_t const rows = live_part(kept.batch, kept.live).rows();
      run.device.copy(above.output_gradient, below.input_gradient, rows * width);
    }
    [[maybe_unused]] int offloaded = 0;
    if constexpr (offloads) {
      for (int i = 0; i < layers; ++i) { offloaded += is_offloaded(run, i) ? 1 : 0; }
    }
    for_each_block_reversed(kept.blocks, [&](auto const& block, auto const& kept_block, int i) {
      if (!needs_backward(run, at(last_unit_, i))) { return; }
      auto const range = run.range("block", i);
      auto const body = [&] { backward_block(run, block, i, kept_block, below.input_gradient); };
      if constexpr (offloads) {
        if (is_offloaded(run, i)) {
          kept.offloaded.backward(run, --offloaded, body);
          return;
        }
      }
      body();
    });
  }
  /// Whether `backward` computes the gradient of the input: something below has to be updated.
  template <class Context>
  [[nodiscard]] constexpr bool reaches_input(Context const& run) const {
    return needs_backward(run, first_unit_ - 1);
  }

 private:
  template <class Array>
  static constexpr auto& at(Array& array, int layer) {
    return array[static_cast<std::size_t>(layer)];
  }
  static constexpr live_rows live_of(int layer, live_rows live) { return layer + 1 == layers ? live : live_rows::all; }

  /// Calls `body(block, i)` for all blocks in order.
  template <class Self, class Body>
  static constexpr void for_each_block(Self& self, Body const& body) {
    int i = 0;
    std::apply(
        [&](auto&... run) {
          auto const of_run = [&](auto& blocks) {
            for (auto& each : blocks) { body(each, i++); }
          };
          (of_run(run), ...);
        },
        self.blocks_);
  }
  /// Calls `body(block, kept, i)`.
  template <class Self, class Kept, class Body>
  static constexpr void for_each_block(Self& self, Kept& kept, Body const& body) {
    int i = 0;
    [&]<std::size_t... R>(std::index_sequence<R...>) {
      auto const of_run = [&](auto& blocks, auto& kept_blocks) {
        for (std::size_t k = 0; k < blocks.size(); ++k) { body(blocks[k], kept_blocks[k], i++); }
      };
      (of_run(std::get<R>(self.blocks_), std::get<R>(kept)), ...);
    }
    (std::index_sequence_for<Runs...>{});
  }
  template <class Kept, class Body>
  constexpr void for_each_block_reversed(Kept& kept, Body const& body) const {
    int i = layers;
    [&]<std::size_t... R>(std::index_sequence<R...>) {
      auto const of_run = [&](auto& blocks, auto& kept_blocks) {
        for (std::size_t k = blocks.size(); k-- > 0;) { body(blocks[k], kept_blocks[k], --i); }
      };
      (of_run(std::get<sizeof...(R) - 1 - R>(blocks_), std::get<sizeof...(R) - 1 - R>(kept)), ...);
    }
    (std::index_sequence_for<Runs...>{});
  }

  /// Makes the places on the tape for what offloaded blocks will keep.
  template <class Context>
  constexpr void open_places(Context& run, kept_type& kept) const {
    for_each_block(*this, [&](auto const& block, int i) {
      if (!is_offloaded(run, i)) { return; }
      kept.offloaded.add(stored_bytes(run.active, [&](counting_context& counted) {
        (void)block.forward(counted, kept.batch, {}, {.live = live_of(i, kept.live)});
      }));
    });
    kept.offloaded.open(run);
  }
  template <class Context, class Block>
  [[nodiscard]] constexpr auto forward_block(Context& run, Block const& block, int i, sequence_batch const& batch,
                                             forward_results<value_type> const& out) const {
    using whole = recomputed_block<Block, typename Blocks::input>;
    if constexpr (recomputes) {
      if (is_recomputed(i)) { return whole::forward(run, block, batch, out, at(first_position_, i)); }
    }
    return typename whole::kept_type{{}, block.forward(run, batch, {.input = out.output}, out)};
  }
  template <class Context, class Block, class Kept>
  static constexpr void backward_block(Context& run, Block const& block, [[maybe_unused]] int i, Kept const& kept,
                                       value_type* gradient) {
    if constexpr (recomputes) {
      if (is_recomputed(i)) {
        recomputed_block<Block, typename Blocks::input>::backward(run, block, kept, gradient);
        return;
      }
    }
    block.backward(run, kept.stashes, {.output_gradient = gradient}, {.input_gradient = gradient});
  }

  static constexpr bool is_recomputed(int layer) { return Blocks::of(layer, layers) == block_memory::recomputed; }
  /// Whether a block's stashes are offloaded in this pass.
  template <class Context>
  [[nodiscard]] constexpr bool is_offloaded(Context const& run, int layer) const {
    return run.training && Blocks::of(layer, layers) == block_memory::offloaded &&
           needs_backward(run, at(last_unit_, layer));
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
  /// As many of `no_unit`, which is no position either.
  static constexpr std::array<int, static_cast<std::size_t>(layers)> unknown() {
    std::array<int, static_cast<std::size_t>(layers)> values{};
    values.fill(no_unit);
    return values;
  }

  std::tuple<blocks_in<Runs>...> blocks_{};
  std::array<int, static_cast<std::size_t>(layers)> last_unit_ = unknown();
  std::array<int, static_cast<std::size_t>(layers)> first_position_ = unknown();
  int first_unit_ = no_unit;
};

/// A stack of `Layers` equal blocks.
template <class Block, int Layers, bias_updates Biases, class Blocks = blocks::stashed>
using stack = stack_of<Biases, Blocks, equal_blocks<Block, Layers>>;

}  // namespace slimfit
