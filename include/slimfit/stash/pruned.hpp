// SPDX-License-Identifier: MIT
// Keeps the values of each row that are largest in magnitude; the others are restored as zero.
#pragma once

#include <slimfit/core/percent.hpp>
#include <slimfit/stash/dense.hpp>
#include <slimfit/stash/quantized.hpp>
#include <slimfit/stash/selection.hpp>

namespace slimfit::stash {

/// Every row keeps the same number of values: what is kept of a row depends on that row alone.
struct per_row {};
/// The largest of a whole matrix, or of the chunk of it that is processed at once, survive: rows keep different
/// numbers. See pruned_matrix.hpp.
struct per_tensor {};

namespace detail {
template <class Keep, class Format, class Scope>
struct checked_pruned {
  static_assert(ratio<Keep>, "slimfit: pruned<Keep>: Keep must be between 0 and 1, e.g. percent<10>");
  static_assert(std::same_as<Format, format::full> || format::storage_format<Format>,
                "slimfit: pruned<Keep, Format>: Format must be format::full or a storage format, e.g. "
                "format::symmetric<8>");
  static_assert(std::same_as<Scope, per_row> || std::same_as<Scope, per_tensor>,
                "slimfit: pruned<Keep, Format, Scope>: Scope must be stash::per_row or stash::per_tensor");
};
}  // namespace detail

/// Layout: a bitmap, `ceil(Width / 8)` bytes per row with element i in bit i % 8 of byte i / 8, and the survivors of
/// each row in order, `survivors<Width>` values as they are (`format::full`) or in `Format`.
/// @tparam Keep share of a row that survives, rounded down, at least one value
template <class Keep, class Format = format::full, class Scope = per_row>
struct pruned : private detail::checked_pruned<Keep, Format, Scope> {
  static constexpr bool is_dense = false;
  using values_stash = std::conditional_t<std::same_as<Format, format::full>, dense, quantized<Format>>;
  template <int Width>
  static constexpr int survivors = Keep::of(Width) > 1 ? static_cast<int>(Keep::of(Width)) : 1;

  template <scalar T, int Width>
  struct kept {
    using value_type = compute_type<T>;
    static constexpr bool restores = true;
    static constexpr int count = survivors<Width>;
    static constexpr index_t row_bytes = format::packed_bytes(Width, 1);
    static constexpr bool counts_saturation = stash::counts_saturation<typename values_stash::template kept<T, count>>;
    static constexpr index_t coded_values = count;
    kept_array<std::byte> bitmap{};
    typename values_stash::template kept<T, count> values{};

    template <lane_group Group>
    SLIMFIT_HD void save(Group group, index_t row, tile<value_type, Width, Group> const& x) const {
      using tile_type = tile<value_type, Width, Group>;
      alignas(64) std::uint8_t chosen[tile_type::padded_slots];
      std::int32_t begins[tile_type::runs];
      detail::select_largest(group, x, count, chosen);
      format::pack_row<1, tile_type>(group, chosen, bitmap.data + row * row_bytes);
      detail::number_survivors<tile_type>(group, chosen, begins);
      if constexpr (in_place && Group::size > 1) {
        detail::for_each_survivor<tile_type>(chosen, begins, [&](int slot, std::int32_t position) {
          values.owned.data[row * count + position] = static_cast<T>(x.values[slot]);
        });
      } else {
        values.save(group, row, gather(group, x, chosen, begins));
      }
    }

    template <lane_group Group>
    SLIMFIT_HD tile<value_type, Width, Group> restore(Group group, index_t row) const {
      using tile_type = tile<value_type, Width, Group>;
      alignas(64) std::uint8_t chosen[tile_type::padded_slots];
      std::int32_t begins[tile_type::runs];
      format::unpack_row<1, tile_type>(group, bitmap.data + row * row_bytes, chosen);
      detail::number_survivors<tile_type>(group, chosen, begins);
      tile_type result{};
      if constexpr (in_place && Group::size > 1) {
        detail::for_each_survivor<tile_type>(chosen, begins, [&](int slot, std::int32_t position) {
          result.values[slot] = static_cast<value_type>(values.data[row * count + position]);
        });
      } else {
        scatter(group, values.restore(group, row), chosen, begins, result);
      }
      return result;
    }
    SLIMFIT_HD constexpr kept counting(std::int32_t* counts) const requires(counts_saturation) {
      return {bitmap, values.counting(counts)};
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      return {detail::from(bitmap, first * row_bytes), values.rows_from(first)};
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }

   private:
    /// Whether lanes read and write survivors where they lie in memory, each its own.
    static constexpr bool in_place = std::same_as<Format, format::full>;

    /// The survivors as a row of their own.
    template <lane_group Group>
    SLIMFIT_HD static tile<value_type, count, Group> gather(Group group, tile<value_type, Width, Group> const& x,
                                                            std::uint8_t const* chosen, std::int32_t const* begins) {
      using tile_type = tile<value_type, Width, Group>;
      using compact_type = tile<value_type, count, Group>;
      value_type own[tile_type::padded_slots + 1];  // one more: the slot that is written but not kept
      std::int32_t positions[tile_type::padded_slots + 1];
      int owned = 0;
      for (int run = 0; run < tile_type::runs; ++run) {
        std::int32_t position = begins[run];
        for (int slot = run * Group::run; slot < (run + 1) * Group::run; ++slot) {
          own[owned] = x.values[slot];
          positions[owned] = position;
          owned += chosen[slot];
          position += chosen[slot];
        }
      }
      compact_type compact{};
      if constexpr (Group::size == 1) {
        for (int i = 0; i < count; ++i) { compact.values[i] = own[i]; }
      } else {
        int next = 0;
        for (int i = 0; i < count; ++i) {
          bool const mine = next < owned && positions[next] == i;
          auto const value = group.template reduce<Group::size>(mine ? own[next] : value_type{}, plus{});
          next += mine ? 1 : 0;
          if (owner<compact_type>(i) == group.lane()) { compact.values[slot_of<compact_type>(i)] = value; }
        }
      }
      return compact;
    }
    /// The inverse of `gather`.
    template <lane_group Group>
    SLIMFIT_HD static void scatter(Group group, tile<value_type, count, Group> const& compact,
                                   std::uint8_t const* chosen, std::int32_t const* begins,
                                   tile<value_type, Width, Group>& result) {
      using tile_type = tile<value_type, Width, Group>;
      using compact_type = tile<value_type, count, Group>;
      value_type all[count + 1];
      for (int i = 0; i < count; ++i) {
        if constexpr (Group::size == 1) {
          all[i] = compact.values[i];
        } else {
          bool const mine = owner<compact_type>(i) == group.lane();
          all[i] = group.template reduce<Group::size>(mine ? compact.values[slot_of<compact_type>(i)] : value_type{},
                                                      plus{});
        }
      }
      all[count] = value_type{};
      for (int run = 0; run < tile_type::runs; ++run) {
        std::int32_t position = begins[run];
        for (int slot = run * Group::run; slot < (run + 1) * Group::run; ++slot) {
          result.values[slot] = all[chosen[slot] != 0 ? position : count];
          position += chosen[slot];
        }
      }
    }
    template <class Tile>
    SLIMFIT_HD static constexpr int owner(int element) {
      return element / Tile::group_type::run % Tile::group_type::size;
    }
    template <class Tile>
    SLIMFIT_HD static constexpr int slot_of(int element) {
      constexpr int run = Tile::group_type::run;
      return element / Tile::stride * run + element % run;
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(arena& memory, index_t rows, category purpose,
                                       unit_state state = unit_state::active) {
    kept<T, Width> result;
    result.bitmap = detail::keep_some<std::byte>(memory, rows * result.row_bytes, purpose);
    result.values = values_stash::template keep<T, survivors<Width>>(memory, rows, purpose, state);
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    values_stash::release(memory, kept.values);
    detail::release_some(memory, kept.bitmap);
  }
};

}  // namespace slimfit::stash

#include <slimfit/stash/pruned_matrix.hpp>
