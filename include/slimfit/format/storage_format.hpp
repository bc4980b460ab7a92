// SPDX-License-Identifier: MIT
// What a storage format is: how a row of numbers becomes bytes. A format is a type without state, written over the
// tile like every kernel, so that rows are coded by the kernel that produces them and decoded by the one that reads
// them. Users write their own outside the library; `format::elementwise` (elementwise.hpp) and, with a scale for each
// group of elements, `format::scaled` (scaled.hpp) do most of it.
#pragma once

#include <cstddef>

#include <slimfit/core/philox.hpp>
#include <slimfit/rows/tile.hpp>

/// Number formats of stashes, and what they are made of.
namespace slimfit::format {

/// A format `F` has, marked SLIMFIT_HD so that it compiles for CUDA,
/// - `F::bits`: bits per element, without scales;
/// - `F::code_bytes(width)`: bytes of the codes of one row; rows are stored at this distance;
/// - `F::scale_count(width)`: bf16 scales of one row, 0 when it has none;
/// - `F::encode(group, tile, std::byte* codes, bf16* scales)`: codes one row. All lanes call it, each writes the bytes
///    of its own runs;
/// - `F::decode<T, Width>(group, std::byte const* codes, bf16 const* scales)`: the tile of one row.
/// Optional:
/// - `F::scale_group`: elements that share scales, a multiple of 8, where scales lie in the order of the groups. With
///    it (or without scales) any 8 elements can be decoded alone, and groups coded one by one;
/// - `F::draws_random` (true): `encode` takes two more arguments, `random_stream const&` and the row's number;
/// - `F::saturated(group, tile)`: how many values of the row lie outside the format's range.
template <class F>
concept storage_format = requires(serial_group group, tile<float, 64, serial_group> const& values, std::byte* codes,
                                  bf16* scales, index_t width) {
  { F::bits } -> std::convertible_to<int>;
  { F::code_bytes(width) } -> std::same_as<index_t>;
  { F::scale_count(width) } -> std::same_as<index_t>;
  { F::template decode<float, 64>(group, codes, scales) } -> std::same_as<tile<float, 64, serial_group>>;
  requires requires { F::encode(group, values, codes, scales); } || requires(random_stream stream) {
    F::encode(group, values, codes, scales, stream, index_t{});
  };
};

/// Whether a format that derives from `elementwise` has the functions that it calls; true of others.
template <class F>
concept codes_elements = !requires {
  typename F::elementwise_format;
}
|| requires(float value, std::uint8_t code) {
  { F::encode_value(value) } -> std::convertible_to<std::uint8_t>;
  { F::template decode_value<float>(code) } -> std::convertible_to<float>;
};

/// Whether a format that derives from `scaled` has the functions that it calls; true of others.
template <class F>
concept codes_scaled_elements = !requires {
  typename F::scaled_format;
}
|| requires(float value, std::uint8_t code, typename F::scale_type scale) {
  { F::scale_of(value) } -> std::same_as<typename F::scale_type>;
  { F::template number_of<float>(scale) } -> std::same_as<float>;
  { F::encode_value(value) } -> std::convertible_to<std::uint8_t>;
  { F::template decode_value<float>(code) } -> std::convertible_to<float>;
};

/// Whether a format's `encode` takes a random stream.
template <class F>
inline constexpr bool draws_random = [] {
  if constexpr (requires { F::draws_random; }) {
    return bool{F::draws_random};
  } else {
    return false;
  }
}();

/// Whether a format has a fixed range and can say which values lie outside.
template <class F>
inline constexpr bool counts_saturation = requires(serial_group group, tile<float, 64, serial_group> const& values) {
  F::saturated(group, values);
};

/// Rounding to the nearest step, ties to even.
struct nearest {
  static constexpr bool draws_random = false;
};
/// Rounding up with the probability that makes the expectation exact; random numbers by Philox, so it repeats.
struct stochastic {
  static constexpr bool draws_random = true;
};

/// No coding: where a format is optional (`stash::pruned`), values are kept as they are.
struct full {};

}  // namespace slimfit::format
