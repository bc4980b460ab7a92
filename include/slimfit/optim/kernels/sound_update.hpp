// SPDX-License-Identifier: MIT
// Which elements of a parameter an optimizer updates: none whose new weight or moment would be infinite or NaN.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <slimfit/core/math.hpp>
#include <slimfit/core/scalar.hpp>

namespace slimfit {

/// The largest magnitude that weights of type T have.
template <scalar T>
inline constexpr compute_type<T> largest_weight = std::numeric_limits<compute_type<T>>::max();
template <>
inline constexpr float largest_weight<bf16> = 0x1.fep127F;

/// Integers as wide as C, in which choices between numbers are made: branches would keep loops from being vectorised.
template <class C>
using word_of = std::conditional_t<sizeof(C) == sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;

/// 1 where |x| <= limit, else, also for NaNs, 0.
template <class C>
SLIMFIT_HD_INLINE word_of<C> is_within(C x, C limit) {
  using word = word_of<C>;
  return static_cast<word>((bit_cast<word>(x) & (~word{0} >> 1U)) <= bit_cast<word>(limit));
}
/// `yes` where `condition` is 1, `no` where it is 0.
template <class C>
SLIMFIT_HD_INLINE C choose(word_of<C> condition, C yes, C no) {
  auto const mask = word_of<C>{0} - condition;
  return bit_cast<C>((bit_cast<word_of<C>>(yes) & mask) | (bit_cast<word_of<C>>(no) & ~mask));
}

/// Whether an element may be updated (1 or 0): the square of its gradient, its new state (a second moment or a
/// momentum) and its new weight are numbers that their types hold. One that may not is left as it was, weight and
/// state: an infinity in any of them would stay for good.
/// @param largest_state the largest magnitude that the state may have
template <scalar T, class C>
SLIMFIT_HD_INLINE word_of<C> is_sound(C square, C state, C weight, C largest_state = largest_weight<C>) {
  return is_within(square, largest_weight<C>) & is_within(state, largest_state) & is_within(weight, largest_weight<T>);
}
/// What is summed of an element's gradient: the square, or -infinity where that is a number and the update is not
/// sound.
template <class C>
SLIMFIT_HD_INLINE C reported_square(word_of<C> sound, C square) {
  return choose(sound | (is_within(square, largest_weight<C>) ^ 1U), square, -math::infinity<C>);
}

}  // namespace slimfit
