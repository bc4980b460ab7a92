// SPDX-License-Identifier: MIT
// Keeps the values of each row that are largest in magnitude; the others are restored as zero.
#pragma once

#include <slimfit/core/percent.hpp>
#include <slimfit/stash/dense.hpp>
#include <slimfit/stash/pruned_matrix.hpp>
#include <slimfit/stash/quantized.hpp>
#include <slimfit/stash/selection.hpp>

namespace slimfit::stash {

/// Layout: a bitmap, `ceil(Width / 8)` bytes per row with element i in bit i % 8 of byte i / 8, and the survivors of
/// each row in order, `survivors<Width>` values as they are (`format::full`) or in `Format`.
/// @tparam Keep share of a row that survives, rounded down, at least one value
template <class Keep, class Format, class Scope>
struct pruned : private detail::checked_pruned<Keep, Format, Scope> {
  static constexpr bool is_dense = false;
  using values_stash = std::conditional_t<std::same_as<Format, format::full>, dense, quantized<Format>>;
  static constexpr bool draws_random = stash::draws_random<values_stash>;
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
      detail::select_largest(group, x, count, chosen);
      format::pack_row<1, tile_type>(group, chosen, bitmap.data + row * row_bytes);
      if constexpr (Group::size == 1) {
        values.save(group, row, gather(x, bitmap.data + row * row_bytes));
      } else {
        std::int32_t begins[tile_type::runs];
        detail::number_survivors<tile_type>(group, chosen, begins);
        value_type* const survivors_of_row = group.template scratch<value_type, places>();
        detail::for_each_survivor<tile_type>(chosen, begins, [&](int slot, std::int32_t position) {
          survivors_of_row[place(position)] = x.values[slot];
        });
        group.sync();
        if constexpr (as_they_are) {
          for (int i = group.lane(); i < count; i += Group::size) {
            values.owned.data[row * count + i] = static_cast<T>(survivors_of_row[i]);
          }
        } else {
          values.save(group, row, read_scratch(group, survivors_of_row));
        }
        group.sync();
      }
    }

    template <lane_group Group>
    SLIMFIT_HD tile<value_type, Width, Group> restore(Group group, index_t row) const {
      using tile_type = tile<value_type, Width, Group>;
      tile_type result{};
      if constexpr (Group::size == 1) {
        scatter(values.restore(group, row), bitmap.data + row * row_bytes, result);
      } else {
        alignas(64) std::uint8_t chosen[tile_type::padded_slots];
        std::int32_t begins[tile_type::runs];
        format::unpack_row<1, tile_type>(group, bitmap.data + row * row_bytes, chosen);
        detail::number_survivors<tile_type>(group, chosen, begins);
        value_type* const survivors_of_row = group.template scratch<value_type, places>();
        if constexpr (as_they_are) {
          for (int i = group.lane(); i < count; i += Group::size) {
            survivors_of_row[i] = static_cast<value_type>(values.data[row * count + i]);
          }
        } else {
          write_scratch(group, survivors_of_row, values.restore(group, row));
        }
        group.sync();
        detail::for_each_survivor<tile_type>(chosen, begins, [&](int slot, std::int32_t position) {
          result.values[slot] = survivors_of_row[place(position)];
        });
        group.sync();
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
    static constexpr bool as_they_are = std::same_as<Format, format::full>;
    /// Where a survivor lies in scratch memory. Lanes that read runs of a tile there would meet in the same banks
    /// without the gaps.
    SLIMFIT_HD_INLINE static constexpr int place(int position) {
      return as_they_are ? position : position + position / 32;
    }
    static constexpr int places = place(count - 1) + 1;

    /// The survivors as a row of their own, for one lane.
    SLIMFIT_HD static tile<value_type, count, serial_group> gather(tile<value_type, Width, serial_group> const& x,
                                                                   std::byte const* bits) {
      tile<value_type, count, serial_group> compact{};
      detail::for_each_bit(bits, row_bytes,
                           [&](index_t slot, int position) { compact.values[position] = x.values[slot]; });
      return compact;
    }
    /// The inverse of `gather`.
    SLIMFIT_HD static void scatter(tile<value_type, count, serial_group> const& compact, std::byte const* bits,
                                   tile<value_type, Width, serial_group>& result) {
      detail::for_each_bit(bits, row_bytes,
                           [&](index_t slot, int position) { result.values[slot] = compact.values[position]; });
    }

    /// The survivors that lanes wrote to their scratch memory, as a tile of their own row.
    template <lane_group Group>
    SLIMFIT_HD static tile<value_type, count, Group> read_scratch(Group group, value_type const* scratch) {
      using compact_type = tile<value_type, count, Group>;
      compact_type compact;
      SLIMFIT_SIMD()
      for (int slot = 0; slot < compact_type::padded_slots; ++slot) {
        compact.values[slot] = compact_type::holds(group.lane(), slot)
                                   ? scratch[place(compact_type::element(group.lane(), slot))]
                                   : value_type{};
      }
      return compact;
    }
    template <lane_group Group>
    SLIMFIT_HD static void write_scratch(Group group, value_type* scratch,
                                         tile<value_type, count, Group> const& compact) {
      using compact_type = tile<value_type, count, Group>;
      SLIMFIT_SIMD()
      for (int slot = 0; slot < compact_type::padded_slots; ++slot) {
        if (compact_type::holds(group.lane(), slot)) {
          scratch[place(compact_type::element(group.lane(), slot))] = compact.values[slot];
        }
      }
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(
      arena& memory, index_t rows, category purpose, unit_state state = unit_state::active,
      detail::stream_of<draws_random> const& random = detail::unsaid_stream<draws_random>()) {
    kept<T, Width> result;
    result.bitmap = detail::keep_some<std::byte>(memory, rows * result.row_bytes, purpose);
    result.values = stash::keep<values_stash, T, survivors<Width>>(memory, rows, purpose, state, random);
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    values_stash::release(memory, kept.values);
    detail::release_some(memory, kept.bitmap);
  }
};

}  // namespace slimfit::stash
