// SPDX-License-Identifier: MIT
// Which part of a parameter's state an optimizer keeps: all of it, or, where several ranks share the work, a slice.
#pragma once

#include <algorithm>

#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/kernels/update_sums.hpp>

namespace slimfit {

/// The state of every parameter is whole.
struct whole_state {
  static constexpr bool cuts = false;
};

/// Each rank keeps a slice of the state of each large parameter and updates that slice of the weights alone (ZeRO stage
/// 1, Rajbhandari et al., arXiv 1910.02054). Slices are whole blocks of `update_block` elements, so that the codes of 8
/// bits share their scales as on one rank. A trainer fills both numbers in.
struct sliced_state {
  static constexpr bool cuts = true;
  /// Elements of the smallest parameters that are cut.
  static constexpr index_t fewest = 4 * update_block;

  int rank = 0;
  int ranks = 1;

  [[nodiscard]] constexpr bool is_cut(index_t count) const { return ranks > 1 && count >= fewest; }
  /// Elements of a slice of a parameter of `count` elements; the last ones may have fewer, or none.
  [[nodiscard]] constexpr index_t each(index_t count) const {
    return divide_up(divide_up(count, update_block), index_t{ranks}) * update_block;
  }
  /// The elements that rank `owner` keeps the state of.
  [[nodiscard]] constexpr gradient_part slice_of(index_t count, int owner) const {
    if (!is_cut(count)) { return {0, count}; }
    index_t const first = std::min(count, owner * each(count));
    return {first, std::min(each(count), count - first)};
  }
  [[nodiscard]] constexpr gradient_part own(index_t count) const { return slice_of(count, rank); }
};

namespace detail {
/// What the options of an optimizer say about slices.
template <class Options>
constexpr auto slices_of(Options const& options) {
  if constexpr (requires { options.slices; }) {
    return options.slices;
  } else if constexpr (requires { options.clipped; }) {
    return slices_of(options.clipped);
  } else {
    return whole_state{};
  }
}
template <class Options>
inline constexpr bool cuts_state = decltype(slices_of(std::declval<Options const&>()))::cuts;

/// The same options for one of several ranks.
template <class Options>
constexpr Options for_rank(Options options, int rank, int ranks) {
  if constexpr (requires { options.slices; }) {
    if constexpr (cuts_state<Options>) { options.slices = {rank, ranks}; }
  } else if constexpr (requires { options.clipped; }) {
    options.clipped = for_rank(options.clipped, rank, ranks);
  }
  return options;
}

/// What of `part` is in a slice: at `part`'s end where nothing is.
constexpr gradient_part common_part(gradient_part const& part, gradient_part const& slice) {
  index_t const end = part.first + part.count;
  index_t const first = std::clamp(slice.first, part.first, end);
  return {first, std::clamp(slice.first + slice.count, first, end) - first};
}
}  // namespace detail

}  // namespace slimfit
