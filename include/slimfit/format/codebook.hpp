// SPDX-License-Identifier: MIT
// Codebooks: the best few levels for the value of a function whose input is N(0, 1), found by the compiler.
// Levels minimise the mean squared error (S. Lloyd, "Least squares quantization in PCM", 1982).
#pragma once

#include <array>
#include <utility>

#include <slimfit/core/constant_math.hpp>
#include <slimfit/format/code_polynomial.hpp>
#include <slimfit/format/elementwise.hpp>

namespace slimfit::format {

namespace detail {

/// Distribution of f(z), z ~ N(0, 1), as bins over its range: running sums of probability and of value.
struct value_distribution {
  static constexpr int points = 2400;  ///< z from -6 to 6
  static constexpr int bins = 256;
  double least = 0;
  double width = 0;  ///< of a bin
  std::array<double, bins + 1> mass{};
  std::array<double, bins + 1> moment{};

  /// Probability and moment of the values below `value`, taken as uniform within a bin.
  struct partial {
    double mass;
    double moment;
  };
  [[nodiscard]] constexpr partial below(double value) const {
    double const position = (value - least) / width;
    if (position <= 0) { return {0, 0}; }
    if (position >= bins) { return {mass[bins], moment[bins]}; }
    auto const bin = static_cast<std::size_t>(position);
    double const part = position - static_cast<double>(bin);
    return {mass[bin] + part * (mass[bin + 1] - mass[bin]), moment[bin] + part * (moment[bin + 1] - moment[bin])};
  }
};

template <class Function>
constexpr value_distribution distribution_of(Function f) {
  constexpr int points = value_distribution::points;
  std::array<double, points> values{};
  std::array<double, points> weights{};
  value_distribution result;
  double greatest = 0;
  for (std::size_t i = 0; i < points; ++i) {
    double const z = -6 + 12 * (static_cast<double>(i) + 0.5) / points;
    values[i] = f(z);
    weights[i] = constant::gaussian(z);
    result.least = i == 0 || values[i] < result.least ? values[i] : result.least;
    greatest = i == 0 || values[i] > greatest ? values[i] : greatest;
  }
  result.width = (greatest - result.least) * (1 + 1e-12) / value_distribution::bins;
  for (std::size_t i = 0; i < points; ++i) {
    auto const bin = static_cast<std::size_t>((values[i] - result.least) / result.width);
    result.mass[bin + 1] += weights[i];
    result.moment[bin + 1] += weights[i] * values[i];
  }
  for (std::size_t i = 1; i <= value_distribution::bins; ++i) {
    result.mass[i] += result.mass[i - 1];
    result.moment[i] += result.moment[i - 1];
  }
  return result;
}

template <int Count>
struct code_levels {
  std::array<float, static_cast<std::size_t>(Count)> levels{};  ///< ascending
  std::array<float, static_cast<std::size_t>(Count - 1)>
      thresholds{};  ///< code i from thresholds[i - 1] (excluded) to thresholds[i]
};

/// Alternates between the best thresholds for the levels and the best levels for the thresholds.
template <int Count>
constexpr code_levels<Count> lloyd_levels(value_distribution const& values) {
  constexpr int rounds = 400;
  std::array<double, static_cast<std::size_t>(Count)> level{};
  for (int i = 0; i < Count; ++i) {
    level[static_cast<std::size_t>(i)] = values.least + values.width * value_distribution::bins * (i + 0.5) / Count;
  }
  for (int round = 0; round < rounds; ++round) {
    value_distribution::partial begin{0, 0};
    for (std::size_t i = 0; i < Count; ++i) {
      auto const end = values.below(i + 1 < Count ? 0.5 * (level[i] + level[i + 1]) : 1e300);
      if (end.mass > begin.mass) { level[i] = (end.moment - begin.moment) / (end.mass - begin.mass); }
      begin = end;
    }
  }
  code_levels<Count> result;
  for (std::size_t i = 0; i < Count; ++i) { result.levels[i] = static_cast<float>(level[i]); }
  for (std::size_t i = 0; i + 1 < Count; ++i) {
    result.thresholds[i] = static_cast<float>(0.5 * (level[i] + level[i + 1]));
  }
  return result;
}

template <class Function>
inline constexpr value_distribution distribution = distribution_of(Function{});
/// Specialised where the result is written down.
template <int Bits, class Function>
inline constexpr code_levels<(1 << Bits)> codebook_levels = lloyd_levels<(1 << Bits)>(distribution<Function>);

template <int Bits>
struct checked_codebook {
  static_assert(Bits >= 1 && Bits <= 4, "slimfit: codebook<Bits, Function>: Bits must be 1, 2, 3 or 4");
};
}  // namespace detail

/// Values of `Function` for an input near N(0, 1), in 2^Bits levels. A value becomes the nearest level; NaN the lowest.
/// @tparam Function a literal type with `constexpr double operator()(double) const`
template <int Bits, class Function>
struct codebook : private detail::checked_codebook<Bits>, public elementwise<codebook<Bits, Function>, Bits> {
  static constexpr int count = 1 << Bits;
  static constexpr std::array<float, static_cast<std::size_t>(count)> levels =
      detail::codebook_levels<Bits, Function>.levels;
  static constexpr std::array<float, static_cast<std::size_t>(count - 1)> thresholds =
      detail::codebook_levels<Bits, Function>.thresholds;

  /// By which devices code floats, where it exists.
  static constexpr auto polynomial = detail::polynomial_through<count>(levels, thresholds);

  template <class T>
  SLIMFIT_HD static constexpr std::uint8_t encode_value(T value) {
#ifdef __CUDA_ARCH__
    if constexpr (std::is_same_v<T, float> && polynomial.exists) {
      return static_cast<std::uint8_t>(detail::code_by_polynomial<codebook>(value));
    }
    return static_cast<std::uint8_t>(search<T, count / 2>(value, 0));
#else
    return code_of(value, std::make_index_sequence<static_cast<std::size_t>(count - 1)>{});  // vectorises
#endif
  }
  template <class T>
  SLIMFIT_HD static constexpr T decode_value(std::uint8_t code) {
    return level_of<T, 0, count>(code);
  }

 private:
  template <class T, std::size_t... I>
  SLIMFIT_HD_INLINE static constexpr std::uint8_t code_of(T value, std::index_sequence<I...> /*thresholds*/) {
    return static_cast<std::uint8_t>((0 + ... + (value > threshold<T, I> ? 1 : 0)));
  }
  /// Continues a binary search: `code` is the least code that is still possible, and a multiple of 2 Step.
  template <class T, int Step>
  SLIMFIT_HD_INLINE static constexpr int search(T value, int code) {
    code |= value > threshold_after<T, Step, 0, count>(code) ? Step : 0;
    if constexpr (Step > 1) {
      return search<T, Step / 2>(value, code);
    } else {
      return code;
    }
  }
  /// The threshold between codes below and from `code + Step` on, as constants in instructions: see `level_of`.
  template <class T, int Step, int First, int Count>
  SLIMFIT_HD_INLINE static constexpr T threshold_after(int code) {
    if constexpr (Count == 2 * Step) {
      return threshold<T, First + Step - 1>;
    } else {
      T const upper = threshold_after<T, Step, First + Count / 2, Count / 2>(code);
      T const lower = threshold_after<T, Step, First, Count / 2>(code);
      return (code & (Count / 2)) != 0 ? upper : lower;
    }
  }
  /// Level `code` of the `Count` levels from `First` on, by bits: constants in instructions instead of a table, which
  /// devices would have to read from memory.
  template <class T, int First, int Count>
  SLIMFIT_HD_INLINE static constexpr T level_of(int code) {
    if constexpr (Count == 1) {
      return level<T, First>;
    } else {
      T const upper = level_of<T, First + Count / 2, Count / 2>(code);
      T const lower = level_of<T, First, Count / 2>(code);
      return (code & (Count / 2)) != 0 ? upper : lower;
    }
  }
  template <class T, std::size_t I>
  static constexpr T threshold = static_cast<T>(thresholds[I]);
  template <class T, std::size_t I>
  static constexpr T level = static_cast<T>(levels[I]);
};

}  // namespace slimfit::format
