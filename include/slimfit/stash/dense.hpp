// SPDX-License-Identifier: MIT
// The plain stashes: the matrix as it is, and nothing at all.
#pragma once

#include <slimfit/stash/matrix_stash.hpp>

namespace slimfit::stash {

/// Keeps the matrix as it is, in its own scalar type.
struct dense {
  static constexpr bool is_dense = true;

  template <scalar T, int Width>
  struct kept {
    static constexpr bool restores = true;
    T const* data = nullptr;  ///< read by `restore`; its own memory or another tensor's
    kept_array<T> owned{};    ///< written by `save`; empty when adopted

    /// A view of a tensor that someone else keeps: `save` writes nothing and `release` pops nothing.
    static constexpr kept adopt(T const* tensor) { return {tensor, {}}; }

    template <lane_group Group, class Tile>
    SLIMFIT_HD void save(Group group, index_t row, Tile const& values) const {
      if (owned.data != nullptr) { store(group, owned.data + row * Width, values); }
    }
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> restore(Group group, index_t row) const {
      return load<Width>(group, data + row * Width);
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      return {advance(data, first * Width), detail::from(owned, first * Width)};
    }
    /// The same memory as rows of `Piece` elements, to restore from.
    template <int Piece>
    SLIMFIT_HD constexpr kept<T, Piece> in_pieces() const requires(Width % Piece == 0) {
      return {data, {}};
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(arena& memory, index_t rows, category purpose,
                                       unit_state /*state*/ = unit_state::active) {
    auto const owned = detail::keep_some<T>(memory, rows * Width, purpose);
    return {owned.data, owned};
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    detail::release_some(memory, kept.owned);
  }
};

/// Keeps nothing and restores nothing.
struct none {
  static constexpr bool is_dense = false;

  template <scalar T, int Width>
  struct kept {
    static constexpr bool restores = false;
    template <lane_group Group, class... Values>
    SLIMFIT_HD void save(Group /*group*/, index_t /*row*/, Values const&... /*values*/) const {}
    SLIMFIT_HD constexpr kept rows_from(index_t /*first*/) const { return {}; }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(arena& /*memory*/, index_t /*rows*/, category /*purpose*/,
                                       unit_state /*state*/ = unit_state::active) {
    return {};
  }
  template <scalar T, int Width>
  static constexpr void release(arena& /*memory*/, kept<T, Width> const& /*kept*/) {}
};

}  // namespace slimfit::stash
