// SPDX-License-Identifier: MIT
// The stash of a matrix whose form depends on whether a unit is active in this step. It is chosen once per step, on the
// host; kernels get the concrete view by `visit`, so nothing branches per element.
#pragma once

#include <slimfit/stash/dense.hpp>

namespace slimfit::stash {

namespace detail {
template <class Active, class Frozen>
struct checked_by_state {
  static_assert(
      keeps<Active> && keeps<Frozen>,
      "slimfit: by_state<Active, Frozen>: both must be stash types, e.g. by_state<stash::dense, stash::none>");
};
}  // namespace detail

/// `Active` while the unit is updated, `Frozen` while it is not, nothing for inference. Works for matrix stashes and
/// for those of GELU and layer normalisation.
template <class Active, class Frozen>
struct by_state : private detail::checked_by_state<Active, Frozen> {
  static constexpr bool is_dense = requires {
    requires Active::is_dense;
    requires Frozen::is_dense;
  };
  static constexpr bool draws_random = stash::draws_random<Active> || stash::draws_random<Frozen>;
  static constexpr bool depends_on_state = !std::is_same_v<Active, Frozen> || stash::depends_on_state<Active>;
  /// Whether the matrix is kept as it is in this state.
  static constexpr bool is_dense_in(unit_state state) {
    switch (state) {
      case unit_state::active:
        return stash::is_dense<Active>(state);
      case unit_state::frozen:
        return stash::is_dense<Frozen>(state);
      case unit_state::inference:
        break;
    }
    return false;
  }

  template <scalar T, int Width>
  struct kept {
    static constexpr bool counts_saturation = stash::counts_saturation<typename Active::template kept<T, Width>> ||
                                              stash::counts_saturation<typename Frozen::template kept<T, Width>>;
    static constexpr bool saves_matrix = stash::saves_matrix<typename Active::template kept<T, Width>> ||
                                         stash::saves_matrix<typename Frozen::template kept<T, Width>>;
    static constexpr index_t workspace_numbers(index_t rows) {
      return greater(stash::workspace_numbers<typename Active::template kept<T, Width>>(rows),
                     stash::workspace_numbers<typename Frozen::template kept<T, Width>>(rows));
    }
    unit_state state = unit_state::inference;
    typename Active::template kept<T, Width> active{};
    typename Frozen::template kept<T, Width> frozen{};

    /// Calls `f` with the view of the stash that was chosen; its result must have the same type for all of them.
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      if constexpr (std::is_same_v<Active, Frozen>) {  // one call, so that its code is there once
        if (state != unit_state::inference) { return (state == unit_state::active ? active : frozen).visit(f); }
        return f(none::kept<T, Width>{});
      }
      switch (state) {
        case unit_state::active:
          return active.visit(f);
        case unit_state::frozen:
          return frozen.visit(f);
        case unit_state::inference:
          break;
      }
      return f(none::kept<T, Width>{});
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      return {state, active.rows_from(first), frozen.rows_from(first)};
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(
      arena& memory, index_t rows, category purpose, unit_state state,
      detail::stream_of<draws_random> const& random = detail::unsaid_stream<draws_random>()) {
    kept<T, Width> result;
    result.state = state;
    if (state == unit_state::active) {
      result.active = stash::keep<Active, T, Width>(memory, rows, purpose, state, random);
    }
    if (state == unit_state::frozen) {
      result.frozen = stash::keep<Frozen, T, Width>(memory, rows, purpose, state, random);
    }
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    if (kept.state == unit_state::frozen) { Frozen::release(memory, kept.frozen); }
    if (kept.state == unit_state::active) { Active::release(memory, kept.active); }
  }
};

/// `S` in training, nothing for inference.
template <class S>
using when_training = by_state<S, S>;

}  // namespace slimfit::stash
