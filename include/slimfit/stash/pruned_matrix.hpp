// SPDX-License-Identifier: MIT
// Keeps the values of a whole matrix that are largest in magnitude; the others are restored as zero. What a row keeps
// depends on all rows, so the matrix is saved by passes of its own, before the kernel that reads its rows.
#pragma once

#include <limits>

#include <slimfit/core/error.hpp>
#include <slimfit/core/percent.hpp>
#include <slimfit/stash/dense.hpp>
#include <slimfit/stash/matrix_selection.hpp>

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

template <class Keep, class Format = format::full, class Scope = per_row>
struct pruned;

namespace detail {
template <class Format>
struct checked_pruned_matrix {
  static_assert(std::same_as<Format, format::full>,
                "slimfit: pruned<Keep, Format, per_tensor>: Format must be format::full: rows keep different numbers "
                "of values, which formats that code whole rows cannot");
};
}  // namespace detail

/// Layout: bitmaps as those of `pruned<Keep, Format, per_row>`, where the survivors of each row begin, and the
/// survivors of all rows in order. Of `rows` rows `floor(Keep * rows * Width)` values survive.
template <class Keep, class Format>
struct pruned<Keep, Format, per_tensor> : private detail::checked_pruned<Keep, Format, per_tensor>,
                                          private detail::checked_pruned_matrix<Format> {
  static constexpr bool is_dense = false;

  template <scalar T, int Width>
  struct kept {
    using value_type = compute_type<T>;
    static constexpr bool restores = true;
    static constexpr bool saves_matrix = true;
    static constexpr index_t row_bytes = format::packed_bytes(Width, 1);
    kept_array<std::byte> bitmap{};
    kept_array<std::int32_t> begins{};
    kept_array<T> values{};

    /// Numbers of workspace that `save_matrix` needs for `rows` rows.
    static constexpr index_t workspace_numbers(index_t rows) { return detail::selection_workspace::numbers(rows); }

    /// Saves all `rows` rows.
    /// @param source gives the rows by `restore(group, row)`, the same bits every time; see detail::count_reaching
    template <class Context, class Source>
    constexpr void save_matrix(Context& run, Source const& source, index_t rows, index_t* workspace) const {
      // Plans of batches that no step can have are compared with others.
      constexpr bool counts = [] {
        if constexpr (requires { Context::counts_only; }) {
          return Context::counts_only;
        } else {
          return false;
        }
      }();
      if (!counts && rows * Width > std::numeric_limits<std::int32_t>::max()) {
        raise_mismatch<shape_error>("pruned<..., per_tensor>: elements of the matrix", rows * Width,
                                    {"less than 2^31; take smaller batches"});
      }
      index_t const count = Keep::of(rows * Width);
      index_t const blocks = divide_up(rows, detail::rows_of_counts);
      auto const work = detail::selection_workspace::in(workspace, rows);
      run.device.fill_zero(work.threshold, 1);
      constexpr int passes = (detail::key_bits<value_type> + detail::digit_bits - 1) / detail::digit_bits;
      for (int pass = passes - 1; pass >= 0; --pass) {
        int const shift = pass * detail::digit_bits;
        run.launch(blocks, detail::count_reaching<Source>{source, rows, shift, work});
        run.launch(1, detail::raise_threshold<value_type>{blocks, count, shift, work});
      }
      run.launch(rows, detail::count_survivors<Source>{source, work});
      run.launch(1, detail::place_survivors{rows, count, work, begins.data});
      run.launch(rows, detail::write_survivors<Source>{source, work, row_bytes, bitmap.data, begins.data, values.data});
    }

    template <lane_group Group, class Tile>
    SLIMFIT_HD void save(Group /*group*/, index_t /*row*/, Tile const& /*values*/) const {
      static_assert(!lane_group<Group>,
                    "slimfit: pruned<Keep, Format, per_tensor> is saved as a whole, not row by row: only layer "
                    "normalisation does so, with stash::layer_norm_normalized");
    }
    template <lane_group Group>
    SLIMFIT_HD tile<value_type, Width, Group> restore(Group group, index_t row) const {
      using tile_type = tile<value_type, Width, Group>;
      tile_type result{};
      T const* const survivors = values.data + begins.data[row];
      auto const place = [&](index_t slot, std::int32_t position) {
        result.values[slot] = static_cast<value_type>(survivors[position]);
      };
      if constexpr (Group::size == 1) {
        detail::for_each_bit(bitmap.data + row * row_bytes, row_bytes, place);
      } else {
        alignas(64) std::uint8_t chosen[tile_type::padded_slots];
        std::int32_t run_begins[tile_type::runs];
        format::unpack_row<1, tile_type>(group, bitmap.data + row * row_bytes, chosen);
        detail::number_survivors<tile_type>(group, chosen, run_begins);
        detail::for_each_survivor<tile_type>(chosen, run_begins, place);
      }
      return result;
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      return {detail::from(bitmap, first * row_bytes), detail::from(begins, first), values};
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(arena& memory, index_t rows, category purpose,
                                       unit_state /*state*/ = unit_state::active) {
    kept<T, Width> result;
    result.bitmap = detail::keep_some<std::byte>(memory, rows * result.row_bytes, purpose);
    result.begins = detail::keep_some<std::int32_t>(memory, rows, purpose);
    result.values = detail::keep_some<T>(memory, Keep::of(rows * Width), purpose);
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    detail::release_some(memory, kept.values);
    detail::release_some(memory, kept.begins);
    detail::release_some(memory, kept.bitmap);
  }
};

}  // namespace slimfit::stash
