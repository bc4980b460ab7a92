// SPDX-License-Identifier: MIT
// Which elements share a scale, and over which lanes they are spread. A scale group of G elements spans G / run runs. A
// lane first combines its own runs of the group, then the lanes that hold the rest are reduced.
#pragma once

#include <limits>

#include <slimfit/core/math.hpp>
#include <slimfit/format/bit_packing.hpp>
#include <slimfit/format/storage_format.hpp>

namespace slimfit::format {

/// Whether scale groups may have this size: 8, 16, 32, ...
constexpr bool is_scale_group(int size) { return size >= 8 && (size & (size - 1)) == 0; }

namespace detail {

/// The integer of a floating-point type's bits; its order on |x| is the order of magnitudes, NaN above inf.
template <class T>
using key_type = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// As a mask: all bits but the sign's.
template <class T>
inline constexpr key_type<T> greatest_key = std::numeric_limits<key_type<T>>::max();
template <class T>
inline constexpr key_type<T> least_key = std::numeric_limits<key_type<T>>::min();
template <class T>
inline constexpr key_type<T> infinity_key = slimfit::bit_cast<key_type<T>>(math::infinity<T>);

/// Order of magnitudes.
template <class T>
SLIMFIT_HD constexpr key_type<T> magnitude_key(T value) {
  return slimfit::bit_cast<key_type<T>>(value) & greatest_key<T>;
}
/// An involution that maps the order of floating-point numbers to the order of integers.
template <class T>
SLIMFIT_HD constexpr key_type<T> ordered_bits(key_type<T> bits) {
  return bits ^ ((bits >> (sizeof(T) * 8 - 1)) & greatest_key<T>);
}

/// Smallest bf16 that is not below `value`, largest that is not above it; NaN stays NaN.
SLIMFIT_HD constexpr bf16 round_up_to_bf16(float value) {
  bf16 result;
  auto const word = slimfit::bit_cast<std::uint32_t>(value);
  bool const nan = (word & 0x7fffffffU) > 0x7f800000U;
  bool const away = (word & 0xffffU) != 0 && (word >> 31U) == 0;
  result.bits = static_cast<std::uint16_t>(nan ? 0x7fc0U : (word >> 16U) + (away ? 1U : 0U));
  return result;
}
SLIMFIT_HD constexpr bf16 round_down_to_bf16(float value) {
  bf16 result = round_up_to_bf16(-value);
  result.bits = static_cast<std::uint16_t>(result.bits ^ 0x8000U);
  return result;
}

/// How a row's scale groups lie in a lane's tile.
template <int Size, class Tile>
struct scale_layout {
  static constexpr int lanes_of_group = Tile::group_type::size;
  static constexpr int run = Tile::group_type::run;
  static constexpr int group_runs = Size / run;
  /// Lanes that share a group, and runs of each of them.
  static constexpr int lanes = group_runs < lanes_of_group ? group_runs : lanes_of_group;
  static constexpr int runs = group_runs / lanes;
  static constexpr int span = runs * run;                         ///< slots of a lane in one group
  static constexpr int parts = (Tile::runs + runs - 1) / runs;    ///< groups that a lane takes part in
  static constexpr int groups = (Tile::width + Size - 1) / Size;  ///< groups of the row
  static constexpr bool even = Tile::slots % span == 0;

  /// Slots of part `part`: the last one may be short.
  SLIMFIT_HD static constexpr int count(int part) {
    if constexpr (even) {
      return span;
    } else {
      int const rest = Tile::slots - part * span;
      return rest < span ? rest : span;
    }
  }
  /// The row's group that part `part` of `lane` belongs to; `groups` or more beyond the row's end.
  SLIMFIT_HD static constexpr int group_of(int lane, int part) {
    return (part * runs * lanes_of_group + lane * (runs == 1 ? 1 : 0)) / group_runs;
  }
  /// Whether the lanes of a group are enough to read or write the scales of all its parts together: lane `part` of them
  /// keeps the scales of that part.
  static constexpr bool together = parts > 1 && parts <= lanes;
  /// Whether `lane` writes the scales of part `part`.
  SLIMFIT_HD static constexpr bool leads(int lane, int part) { return lane % lanes == (together ? part : 0); }
};

/// Gives the scales of a lane's groups.
template <class Layout, class Scales>
class scale_reader {
 public:
  /// @param read `read(index of the group)` gives its scales
  template <class Read>
  SLIMFIT_HD_INLINE scale_reader(int lane, Read const& read) {
    if constexpr (shared) {
      int const part = lane % Layout::lanes;
      if (part < Layout::parts && Layout::group_of(lane, part) < Layout::groups) {
        own_ = slimfit::bit_cast<bits>(read(Layout::group_of(lane, part)));
      }
    }
  }
  /// The scales of part `part`; zeros beyond the row's end.
  template <lane_group Group, class Read>
  SLIMFIT_HD_INLINE Scales of(Group group, int part, Read const& read) const {
    if constexpr (shared) {
      return slimfit::bit_cast<Scales>(static_cast<bits>(group.template broadcast<Layout::lanes>(own_, part)));
    } else {
      int const index = Layout::group_of(group.lane(), part);
      return index < Layout::groups ? read(index) : Scales{};
    }
  }

 private:
  using bits = unsigned_of<sizeof(Scales)>;
  static constexpr bool shared = Layout::together && Layout::lanes <= 32;
  std::uint32_t own_ = 0;
};

/// Writes the scales of a lane's groups: `add` each part's in the order of the parts, then `finish`.
template <class Layout, class Scales>
class scale_writer {
 public:
  /// @param write `write(index of the group, its scales)`
  template <class Write>
  SLIMFIT_HD_INLINE void add(int lane, int part, Scales const& scales, Write const& write) {
    if constexpr (Layout::together) {
      own_ = Layout::leads(lane, part) ? scales : own_;
    } else if (Layout::leads(lane, part) && Layout::group_of(lane, part) < Layout::groups) {
      write(Layout::group_of(lane, part), scales);
    }
  }
  template <class Write>
  SLIMFIT_HD_INLINE void finish(int lane, Write const& write) const {
    if constexpr (Layout::together) {
      int const part = lane % Layout::lanes;
      if (part < Layout::parts && Layout::group_of(lane, part) < Layout::groups) {
        write(Layout::group_of(lane, part), own_);
      }
    }
  }

 private:
  Scales own_{};
};

}  // namespace detail
}  // namespace slimfit::format
