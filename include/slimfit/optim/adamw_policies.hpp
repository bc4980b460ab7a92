// SPDX-License-Identifier: MIT
// Choices about AdamW's state: what becomes of it while a parameter is frozen, in how many bits it is stored, whether
// bf16 weights have a copy of more digits.
#pragma once

#include <slimfit/optim/kernels/moment_storage.hpp>
#include <slimfit/optim/state_layout.hpp>

namespace slimfit {

/// Frozen parameters and their moments do not move.
struct strict {
  static constexpr bool coasts = false;
  static constexpr bool drops = false;
};
/// Frozen parameters go on as if their gradients were zero: momentum carries them (SlimFit's published code on PyTorch
/// 1). Only those that were updated before; their step counts advance too.
struct coasting {
  static constexpr bool coasts = true;
  static constexpr bool drops = false;
};
/// The memory of a unit's moments (and of its weights' master copy) is given back when the unit is no longer active.
/// When it is active again they begin at zero, with step count 0, as in BAdam (Luo et al., arXiv 2404.02827). For
/// schedules that hold a choice for some steps: moments of a single step say nothing.
struct drop_when_frozen {
  static constexpr bool coasts = false;
  static constexpr bool drops = true;
};

/// `strict` or `drop_when_frozen`, chosen at run time.
struct drop_if {
  static constexpr bool coasts = false;
  bool drops = false;
};

/// How moments are stored.
namespace moments {

/// In float; in double where the weights are double.
struct float32 {
  static constexpr char const* text() { return "float32"; }
  template <scalar T>
  static constexpr void add(state_layout<T>& layout, index_t count) {
    layout.add("first_moment", state_kind::number, count);
    layout.add("second_moment", state_kind::number, count);
  }
  /// Calls `body(storage, n)` with what the kernel reads of the first `n` arrays of a block.
  template <scalar T, class Body>
  static void visit(state_layout<T> const& layout, std::byte* block, index_t /*count*/, Body const& body) {
    using value_type = compute_type<T>;
    body(number_moments<value_type>{layout.template array<value_type>(block, 0),
                                    layout.template array<value_type>(block, 1)},
         2);
  }
};

/// In codes of 8 bits with a float scale per 256 elements, see `moment_code`: 2.03 bytes of an element instead of 8.
/// @tparam FewestCoded parameters of fewer elements have `float32`'s
template <index_t FewestCoded>
struct bits8_from {
  static constexpr char const* text() { return "8 bits"; }
  template <scalar T>
  static constexpr void add(state_layout<T>& layout, index_t count) {
    if (count < FewestCoded) {
      float32::add(layout, count);
      return;
    }
    index_t const blocks = divide_up(count, moment_block);
    layout.add("first_moment", state_kind::code, count);
    layout.add("first_moment_scales", state_kind::scale, blocks);
    layout.add("second_moment", state_kind::code, count);
    layout.add("second_moment_scales", state_kind::scale, blocks);
  }
  template <scalar T, class Body>
  static void visit(state_layout<T> const& layout, std::byte* block, index_t count, Body const& body) {
    if (count < FewestCoded) {
      float32::visit(layout, block, count, body);
      return;
    }
    auto const codes = [&](int i) { return layout.template array<std::uint8_t>(block, i); };
    auto const scales = [&](int i) { return layout.template array<float>(block, i); };
    body(coded_moments<compute_type<T>>{{codes(0), scales(1)}, {codes(2), scales(3)}}, 4);
  }
};

/// Biases and other small parameters in float, as in bitsandbytes.
using bits8 = bits8_from<4096>;

/// `float32` or `bits8`, chosen at run time.
struct bits8_if {
  bool coded = false;
  [[nodiscard]] constexpr char const* text() const { return coded ? bits8::text() : float32::text(); }

  template <scalar T>
  constexpr void add(state_layout<T>& layout, index_t count) const {
    coded ? bits8::add(layout, count) : float32::add(layout, count);
  }
  template <scalar T, class Body>
  void visit(state_layout<T> const& layout, std::byte* block, index_t count, Body const& body) const {
    coded ? bits8::visit(layout, block, count, body) : float32::visit(layout, block, count, body);
  }
};

}  // namespace moments

/// How bf16 weights are updated.
namespace weights {

/// Rounded up or down at random, so that updates smaller than a rounding survive on average. Takes no memory.
struct stochastic {
  static constexpr bool copies = false;
};
/// As roundings of a float copy that the updates go to: 4 bytes of an element, in category::optimizer.
struct master_copy {
  static constexpr bool copies = true;
};

}  // namespace weights

namespace detail {
template <class Frozen, class Moments, class Weights>
struct checked_adamw : std::true_type {
  static_assert(
      requires(Frozen const& frozen) {
        requires std::same_as<bool const, decltype(Frozen::coasts)>;
        { frozen.drops } -> std::convertible_to<bool>;
      },
      "slimfit: basic_adamw<Frozen, ...>: Frozen must be strict, coasting or drop_when_frozen");
  static_assert(
      requires(Moments const& moments, state_layout<float>& layout) { moments.add(layout, index_t{}); },
      "slimfit: basic_adamw<Frozen, Moments, ...>: Moments must be moments::float32 or moments::bits8");
  static_assert(
      requires { requires std::same_as<bool const, decltype(Weights::copies)>; },
      "slimfit: basic_adamw<Frozen, Moments, Weights>: Weights must be weights::stochastic or weights::master_copy");
};
}  // namespace detail

}  // namespace slimfit
