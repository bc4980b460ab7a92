// SPDX-License-Identifier: MIT
// Keeps a matrix in a number format: codes, and scales where the format has any.
#pragma once

#include <slimfit/format/storage_format.hpp>
#include <slimfit/stash/matrix_stash.hpp>

namespace slimfit::stash {

namespace detail {
template <class Format>
struct checked_quantized {
  static_assert(
      format::codes_elements<Format>,
      "slimfit: elementwise<Format, Bits>: the format must have encode_value(value), which returns a code, and "
      "template <class T> decode_value(code), which returns a T, both static and public");
  static_assert(format::codes_scaled_elements<Format>,
                "slimfit: scaled<Format, Bits, Group>: the format must have scale_of(largest), which returns a Scale, "
                "encode_value(scaled), which returns a code, and template <class T> decode_value(code), which returns "
                "a T, all static and public, and where Scale is not bf16 template <class T> number_of(scale)");
  static_assert(format::storage_format<Format>,
                "slimfit: quantized<Format>: Format must be a storage format, e.g. format::affine<4> or "
                "format::fixed_point<3, 4>; see format/storage_format.hpp for what a format of your own needs");
};

/// The random stream of a view, where the format draws.
template <bool Draws>
struct dither {
  random_stream random{};
};
template <>
struct dither<false> {};

/// Whether rows of `Width` codes are rows of `Piece` codes one after the other.
template <class Format, int Width, int Piece>
inline constexpr bool falls_into = [] {
  if (Width % Piece != 0 || Piece % 8 != 0) { return false; }
  if (Format::code_bytes(Piece) * (Width / Piece) != Format::code_bytes(Width)) { return false; }
  if constexpr (requires { Format::scale_group; }) {
    return Piece % Format::scale_group == 0;
  } else {
    return Format::scale_count(Width) == 0;
  }
}();
}  // namespace detail

/// @tparam Format a storage format
template <class Format>
struct quantized : private detail::checked_quantized<Format> {
  static constexpr bool is_dense = false;
  static constexpr bool draws_random = format::draws_random<Format>;
  using format_type = Format;

  template <scalar T, int Width>
  struct kept : detail::dither<format::draws_random<Format>> {
    using format_type = Format;
    static constexpr bool restores = true;
    static constexpr bool counts_saturation = format::counts_saturation<Format>;
    static constexpr index_t coded_values = Width;
    static constexpr index_t row_bytes = Format::code_bytes(Width);
    static constexpr index_t row_scales = Format::scale_count(Width);

    kept_array<std::byte> codes{};
    kept_array<bf16> scales{};
    std::int32_t* saturation = nullptr;  ///< one number per row, or null: nobody counts
    index_t first_row = 0;               ///< of this view in the whole; random numbers are drawn by row

    template <lane_group Group, class Tile>
    SLIMFIT_HD void save(Group group, index_t row, Tile const& values) const {
      std::byte* const row_codes = codes.data + row * row_bytes;
      bf16* const row_scale = row_scales > 0 ? scales.data + row * row_scales : nullptr;
      if constexpr (format::draws_random<Format>) {
        Format::encode(group, values, row_codes, row_scale, this->random, first_row + row);
      } else {
        Format::encode(group, values, row_codes, row_scale);
      }
      if constexpr (counts_saturation) {
        if (saturation != nullptr) {
          std::int32_t const count = Format::saturated(group, values);
          if (group.lane() == 0) { saturation[row] = count; }
        }
      }
    }
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> restore(Group group, index_t row) const {
      bf16 const* const row_scale = row_scales > 0 ? scales.data + row * row_scales : nullptr;
      return Format::template decode<compute_type<T>, Width>(group, codes.data + row * row_bytes, row_scale);
    }
    /// A view that writes each saved row's number of clipped values to `counts[row]`: the sum over rows is exact and
    /// needs no atomics.
    SLIMFIT_HD constexpr kept counting(std::int32_t* counts) const requires(counts_saturation) {
      kept view = *this;
      view.saturation = counts;
      return view;
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      kept view = *this;
      view.codes = detail::from(codes, first * row_bytes);
      view.scales = detail::from(scales, first * row_scales);
      view.saturation = advance(saturation, first);
      view.first_row = first_row + first;
      return view;
    }
    /// The same memory as rows of `Piece` elements, to restore from.
    template <int Piece>
    SLIMFIT_HD constexpr kept<T, Piece> in_pieces() const requires(detail::falls_into<Format, Width, Piece>) {
      kept<T, Piece> view;
      view.codes = codes;
      view.scales = scales;
      return view;
    }
    /// To save to: where nothing is counted or drawn by row.
    template <int Piece>
    constexpr kept<T, Piece> saved_in_pieces() const
        requires(detail::falls_into<Format, Width, Piece> && !counts_saturation && !format::draws_random<Format>) {
      return in_pieces<Piece>();
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(
      arena& memory, index_t rows, category purpose, unit_state /*state*/ = unit_state::active,
      [[maybe_unused]] detail::stream_of<draws_random> const& random = detail::unsaid_stream<draws_random>()) {
    kept<T, Width> result;
    if constexpr (draws_random) { result.random = random; }
    result.codes = detail::keep_some<std::byte>(memory, rows * result.row_bytes, purpose);
    result.scales = detail::keep_some<bf16>(memory, rows * result.row_scales, purpose);
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    detail::release_some(memory, kept.scales);
    detail::release_some(memory, kept.codes);
  }
};

}  // namespace slimfit::stash
