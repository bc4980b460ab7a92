// SPDX-License-Identifier: MIT
// What a stash type is, and the words that all of them share. A stash type says in what form a matrix is kept for the
// backward pass; its `kept` is the small view that kernels write through and read from.
#pragma once

#include <concepts>
#include <type_traits>

#include <slimfit/core/philox.hpp>
#include <slimfit/memory/arena.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit {

/// What a step does with a unit: updates it, leaves it, or only runs the forward pass.
enum class unit_state : unsigned char { active, frozen, inference };

}  // namespace slimfit

/// Forms in which activations are kept.
namespace slimfit::stash {

namespace detail {
struct visitor {
  template <class View>
  constexpr void operator()(View const& /*view*/) const {}
};

/// Stands for the stream of what draws nothing.
struct no_stream {
  constexpr no_stream() = default;
  constexpr no_stream(random_stream const& /*unused*/) {}
};
/// Last argument of a stash's `keep`. There is no value for whoever forgets it where something is drawn.
template <bool Draws>
using stream_of = std::conditional_t<Draws, random_stream, no_stream>;
template <bool Draws>
constexpr stream_of<Draws> unsaid_stream() {
  static_assert(!Draws,
                "slimfit: this stash rounds at random, so whoever makes room for it must say by what numbers: pass a "
                "random_stream as keep's last argument; in a layer, keep by context::keep with a matrix_place");
  return {};
}

template <class S, class... Random>
concept keeps_with = requires(arena& memory, Random const&... random) {
  {
    S::template keep<float, 64>(memory, index_t{}, category{}, unit_state{}, random...)
    } -> std::same_as<typename S::template kept<float, 64>>;
};
/// Whether `S` has `keep`, in either form.
template <class S>
concept keeps = keeps_with<S, random_stream> || keeps_with<S>;
}  // namespace detail

/// Whether the format of a stash type, or of one that it may turn out to be, draws random numbers.
template <class S>
inline constexpr bool draws_random = [] {
  if constexpr (requires { S::draws_random; }) {
    return bool{S::draws_random};
  } else {
    return false;
  }
}();

/// Whether a stash type keeps another form while its unit is active than while it is frozen.
template <class S>
inline constexpr bool depends_on_state = [] {
  if constexpr (requires { S::depends_on_state; }) {
    return bool{S::depends_on_state};
  } else {
    return false;
  }
}();

/// `S::keep`, which is told what to draw by where it draws.
template <class S, scalar T, int Width>
constexpr typename S::template kept<T, Width> keep(arena& memory, index_t rows, category purpose, unit_state state,
                                                   [[maybe_unused]] detail::stream_of<draws_random<S>> const& random) {
  if constexpr (draws_random<S>) {
    return S::template keep<T, Width>(memory, rows, purpose, state, random);
  } else {
    return S::template keep<T, Width>(memory, rows, purpose, state);
  }
}

/// A stash type `S` has
/// - `S::is_dense`: whether the matrix is restored as it was, from memory that a matrix product could read directly;
/// - `S::kept<T, Width>`: a trivially copyable view of `rows x Width` elements, null when nothing is kept;
/// - `S::keep<T, Width>(arena&, rows, category, unit_state)`: pushes what is needed on the tape, gives the view. Only
///   `by_state` looks at the state; the others always keep;
/// - where its format draws random numbers, `S::draws_random` (true), and `keep` takes the `random_stream` as its last
///   argument: the view draws element (row, column) by its row in the whole matrix, however that is cut into chunks;
/// - `S::release(arena&, kept)`: pops it, in reverse order. Takes the view that `keep` gave, not one of `rows_from`.
/// A view has
/// - `save(group, row, tile)` and `restore(group, row)` (when `restores`), called by kernels;
/// - `rows_from(first)`: the same view beginning at another row, for work in chunks;
/// - `visit(f)`: calls `f` with the concrete view, which for `by_state` is that of the stash chosen at run time.
/// Where what is kept of a row depends on the others, a view has instead of `save`
/// - `saves_matrix` (true) and `save_matrix(context, source, rows, workspace)`, called by layers that can, with
///   `workspace_numbers(rows)` numbers of workspace, before kernels run on the rows.
template <class S>
concept matrix_stash = requires(arena& memory, typename S::template kept<float, 64> const& kept) {
  { S::is_dense } -> std::convertible_to<bool>;
  requires detail::keeps<S>;
  S::release(memory, kept);
  { kept.rows_from(index_t{}) } -> std::same_as<std::remove_cvref_t<decltype(kept)>>;
  kept.visit(detail::visitor{});
  requires std::is_trivially_copyable_v<typename S::template kept<float, 64>>;
};

/// Whether a view, or one of those that it may turn out to be, has `counting(std::int32_t* counts)`: the same view that
/// also writes the number of values of each saved row that its format clips; `coded_values` says how many a row has.
template <class Kept>
inline constexpr bool counts_saturation = [] {
  if constexpr (requires { Kept::counts_saturation; }) {
    return bool{Kept::counts_saturation};
  } else {
    return false;
  }
}();

/// Whether a view, or one of those that it may turn out to be, saves all rows at once.
template <class Kept>
inline constexpr bool saves_matrix = [] {
  if constexpr (requires { Kept::saves_matrix; }) {
    return bool{Kept::saves_matrix};
  } else {
    return false;
  }
}();
/// Numbers of workspace with which it does so.
template <class Kept>
constexpr index_t workspace_numbers([[maybe_unused]] index_t rows) {
  if constexpr (saves_matrix<Kept>) {
    return Kept::workspace_numbers(rows);
  } else {
    return 0;
  }
}

namespace detail {
/// What a view that saves through the view `Kept` says about counting.
template <class Kept>
inline constexpr index_t coded_values_of = 0;
template <class Kept>
requires counts_saturation<Kept>
inline constexpr index_t coded_values_of<Kept> = Kept::coded_values;
}  // namespace detail

/// Whether `S` keeps the matrix as it is in this state.
template <class S>
constexpr bool is_dense([[maybe_unused]] unit_state state) {
  if constexpr (requires { S::is_dense_in(state); }) {
    return S::is_dense_in(state);
  } else {
    return S::is_dense;
  }
}

namespace detail {

/// Part of a kept array that begins at `first`; only its data is meant to be used.
template <class T>
SLIMFIT_HD constexpr kept_array<T> from(kept_array<T> const& whole, index_t first) {
  return kept_array<T>(advance(whole.data, first));
}
/// Pushes only what has elements.
template <class T>
constexpr kept_array<T> keep_some(arena& memory, index_t count, category purpose) {
  return count > 0 ? memory.keep<T>(count, purpose) : kept_array<T>{};
}
/// Pops what `keep_some` pushed.
template <class T>
constexpr void release_some(arena& memory, kept_array<T> const& kept) {
  if (kept.bytes() > 0) { memory.release(kept); }
}

template <class S>
struct checked_matrix_stash {
  static_assert(matrix_stash<S>,
                "slimfit: a stash of a stash must be a matrix stash, e.g. dense, none, quantized<Format> or "
                "pruned<percent<10>>; see stash/matrix_stash.hpp for what a type of your own needs");
};

}  // namespace detail
}  // namespace slimfit::stash
