// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <limits>

#include <slimfit/format.hpp>

#include "examples/extending/mxfp4.hpp"
#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {

template <class T>
struct coded_row {
  std::vector<std::byte> codes;
  std::vector<bf16> scales;
  std::vector<T> decoded;
};

/// Encodes and decodes one row; guards catch writes beyond its end.
template <class Format, int Width, class Group, class T>
coded_row<T> code(std::vector<T> const& x, random_stream stream = {}, index_t row = 0) {
  coded_row<T> r{std::vector<std::byte>(length(Format::code_bytes(Width)) + 1, std::byte{0xCD}),
                 std::vector<bf16>(length(Format::scale_count(Width)) + 1, bf16{-7.0F}), std::vector<T>(Width)};
  test::run_rows<Group>(1, [&](auto group, index_t) {
    auto const values = load<Width>(group, x.data());
    if constexpr (format::draws_random<Format>) {
      Format::encode(group, values, r.codes.data(), r.scales.data(), stream, row);
    } else {
      Format::encode(group, values, r.codes.data(), r.scales.data());
    }
    group.sync();
    store(group, r.decoded.data(), Format::template decode<T, Width>(group, r.codes.data(), r.scales.data()));
  });
  CHECK(r.codes.back() == std::byte{0xCD});
  CHECK(static_cast<float>(r.scales.back()) == -7.0F);
  return r;
}

template <class T>
bool same_bits(coded_row<T> const& a, coded_row<T> const& b) {
  bool same = a.codes == b.codes && a.decoded == b.decoded;
  for (std::size_t i = 0; i < a.scales.size(); ++i) { same = same && a.scales[i].bits == b.scales[i].bits; }
  return same;
}

double as_double(bf16 value) { return static_cast<double>(static_cast<float>(value)); }

template <class Format, int Group, int Width, class T>
void check_affine(double mean, double deviation) {
  auto const x = test::normal<T>(Width, Width, mean, deviation);
  auto const row = code<Format, Width, serial_group>(x);
  for (std::size_t first = 0; first < Width; first += Group) {
    std::size_t const end = std::min<std::size_t>(Width, first + Group);
    double low = 1e300;
    double high = -1e300;
    for (std::size_t i = first; i < end; ++i) {
      low = std::min(low, static_cast<double>(x[i]));
      high = std::max(high, static_cast<double>(x[i]));
    }
    double const zero = as_double(row.scales[2 * (first / Group)]);
    double const scale = as_double(row.scales[2 * (first / Group) + 1]);
    // Cells of which codes are the middle; stochastic rounding has codes at both ends instead.
    double const margin = Format::draws_random ? 0 : (high - low) / (2 * (Format::greatest + 1));
    double const end_margin = Format::draws_random ? 0 : scale / 2;
    double const steps = Format::greatest + (Format::draws_random ? 0 : 0.5);
    CHECK(zero <= low + margin * (1 + 1e-6) + std::abs(low) * 1e-6);
    CHECK(zero >= low + margin - std::abs(low + margin) / 127);
    CHECK(zero + scale * Format::greatest + end_margin >= high - std::abs(high) * 1e-6);
    CHECK(scale <= (1 + 1.0 / 127) * (high - zero) / steps + 1e-30);
    for (std::size_t i = first; i < end; ++i) {
      REQUIRE(std::abs(static_cast<double>(row.decoded[i]) - static_cast<double>(x[i])) <=
              scale * (Format::draws_random ? 1.0 : 0.5) * (1 + 1e-4) + std::abs(zero) * 1e-6);
    }
  }
  CHECK(same_bits(row, code<Format, Width, emulated_group<4>>(x)));
}

template <class Format, int Group, int Width, class T>
void check_symmetric(double mean, double deviation) {
  auto const x = test::normal<T>(Width, Width, mean, deviation);
  auto const row = code<Format, Width, serial_group>(x);
  for (std::size_t first = 0; first < Width; first += Group) {
    std::size_t const end = std::min<std::size_t>(Width, first + Group);
    double largest = 0;
    for (std::size_t i = first; i < end; ++i) { largest = std::max(largest, std::abs(static_cast<double>(x[i]))); }
    double const scale = as_double(row.scales[first / Group]);
    CHECK(scale * Format::greatest >= largest * (1 - 1e-6));
    CHECK(scale * Format::greatest <= largest * (1 + 1.0 / 127));
    for (std::size_t i = first; i < end; ++i) {
      REQUIRE(std::abs(static_cast<double>(row.decoded[i]) - static_cast<double>(x[i])) <=
              scale * (Format::draws_random ? 1.0 : 0.5) * (1 + 1e-4));
    }
  }
  CHECK(same_bits(row, code<Format, Width, emulated_group<4>>(x)));
}

}  // namespace

TEST_CASE_TEMPLATE("affine codes end with the last one where a value lies half a step beyond it", T, float, double) {
  std::vector<T> x(64);  // 16 cells from 0 to 16: exactly codes 0 to 15 for 0.5 to 15.5
  for (std::size_t i = 0; i < x.size(); ++i) { x[i] = static_cast<T>(i % 17); }
  auto const decoded = code<format::affine<4>, 64, serial_group>(x).decoded;
  for (std::size_t i = 0; i < x.size(); ++i) { CHECK(std::abs(decoded[i] - x[i]) == static_cast<T>(0.5)); }
}

TEST_CASE_TEMPLATE("affine codes stay within half a step, on every group alike", T, float, double) {
  using namespace format;
  test::for_widths<5, 197>([]<int Width> {
    check_affine<affine<8>, 64, Width, T>(0, 1);
    check_affine<affine<4>, 64, Width, T>(3, 0.1);
    check_affine<affine<3, 8>, 8, Width, T>(0, 100);
    check_affine<affine<2, 128>, 128, Width, T>(-5, 1e-3);
    check_affine<affine<1>, 64, Width, T>(0, 1);
    check_affine<affine<4, 64, stochastic>, 64, Width, T>(0, 1);
  });
  check_affine<affine<4>, 64, 1, T>(0, 1);
  check_affine<affine<4>, 64, 768, T>(0, 1);
}

TEST_CASE_TEMPLATE("symmetric codes stay within half a step, on every group alike", T, float, double) {
  using namespace format;
  test::for_widths<5, 197>([]<int Width> {
    check_symmetric<symmetric<8>, 64, Width, T>(0, 1);
    check_symmetric<symmetric<4, 16>, 16, Width, T>(0, 1e-3);
    check_symmetric<symmetric<3, 256>, 256, Width, T>(1, 10);
    check_symmetric<symmetric<2>, 64, Width, T>(0, 1);
    check_symmetric<symmetric<8, 64, stochastic>, 64, Width, T>(0, 1);
  });
}

TEST_CASE_TEMPLATE("one symmetric bit is the sign, times the group's mean magnitude", T, float, double) {
  using format_type = format::symmetric<1, 16>;
  static_assert(format_type::code_bytes(197) == 25 && format_type::scale_count(197) == 13);
  test::for_widths<5, 64, 197>([]<int Width> {
    auto const x = test::normal<T>(Width, Width, 0.2, 3);
    auto const row = code<format_type, Width, serial_group>(x);
    for (std::size_t first = 0; first < Width; first += 16) {
      std::size_t const end = std::min<std::size_t>(Width, first + 16);
      double sum = 0;
      for (std::size_t i = first; i < end; ++i) { sum += std::abs(static_cast<double>(x[i])); }
      double const scale = as_double(row.scales[first / 16]);
      CHECK(scale == doctest::Approx(sum / static_cast<double>(end - first)).epsilon(1.0 / 256));
      for (std::size_t i = first; i < end; ++i) {
        CHECK(static_cast<double>(row.decoded[i]) == (x[i] < 0 ? -scale : scale));
      }
    }
    CHECK(same_bits(row, code<format_type, Width, emulated_group<4>>(x)));
  });
  // Of a normal distribution a sign and one magnitude leave sqrt(1 - 2 / pi) = 0.603.
  auto const x = test::normal<T>(3072, 5);
  auto const decoded = code<format::symmetric<1>, 3072, serial_group>(x).decoded;
  CHECK(test::relative_error(decoded, x) == doctest::Approx(0.603).epsilon(0.03));
  CHECK(code<format::symmetric<1>, 64, serial_group>(std::vector<T>(64, T{0})).decoded == std::vector<T>(64, T{0}));
}

TEST_CASE_TEMPLATE("zeros, constants and tiny values are exact or nearly so", T, float, double) {
  using namespace format;
  std::vector<T> x(64, T{0});
  CHECK(code<affine<4>, 64, serial_group>(x).decoded == x);
  CHECK(code<symmetric<4>, 64, serial_group>(x).decoded == x);
  x.assign(64, T{2.5});
  CHECK(code<affine<4>, 64, serial_group>(x).decoded == x);
  x.assign(64, T{1e-30F});
  CHECK(static_cast<double>(code<affine<8>, 64, serial_group>(x).decoded[3]) == doctest::Approx(1e-30).epsilon(0.01));
}

TEST_CASE_TEMPLATE("a value that is not finite poisons its group and no other", T, float, double) {
  using namespace format;
  for (double const bad : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN()}) {
    auto x = test::normal<T>(197, 3);
    x[70] = static_cast<T>(bad);
    auto const check = [&](std::vector<T> const& decoded) {
      for (std::size_t i = 0; i < 197; ++i) { REQUIRE(std::isnan(decoded[i]) == (i >= 64 && i < 128)); }
    };
    check(code<affine<4>, 197, serial_group>(x).decoded);
    check(code<affine<4>, 197, emulated_group<4>>(x).decoded);
    check(code<symmetric<8>, 197, serial_group>(x).decoded);
    check(code<symmetric<8>, 197, emulated_group<4>>(x).decoded);
    check(code<symmetric<1>, 197, serial_group>(x).decoded);
    check(code<symmetric<1>, 197, emulated_group<4>>(x).decoded);
  }
}

TEST_CASE_TEMPLATE("fixed point rounds to nearest even, clamps and counts what it clamps", T, float, double) {
  using signed_format = format::fixed_point<2, 1>;
  std::vector<T> const x{T(0),  T(0.25), T(0.75), T(-0.25), T(-0.75), T(3.5), T(3.7), T(3.8),
                         T(-4), T(-4.2), T(-4.3), T(100),   T(-0.5),  T(1),   T(1.3), T(std::nanf(""))};
  auto const row = code<signed_format, 16, serial_group>(x);
  std::vector<T> const expected{T(0),  T(0),  T(1),  T(0),   T(-1),   T(3.5), T(3.5), T(3.5),
                                T(-4), T(-4), T(-4), T(3.5), T(-0.5), T(1),   T(1.5), T(-4)};
  CHECK(row.decoded == expected);
  CHECK(row.codes[0] == std::byte{0x00});
  CHECK(row.codes[2] == std::byte{0x7E});  // -1 is 14, 3.5 is 7
  CHECK(same_bits(row, code<signed_format, 16, emulated_group<2>>(x)));
  CHECK(signed_format::saturated(serial_group{}, load<16>(serial_group{}, x.data())) == 4);
  std::int32_t counted[2] = {};
  test::run_rows<emulated_group<2>>(1, [&](auto group, index_t) {
    counted[group.lane()] = signed_format::saturated(group, load<16>(group, x.data()));
  });
  CHECK(counted[0] == 4);
  CHECK(counted[1] == 4);

  using probability = format::unsigned_fixed_point<8>;
  std::vector<T> const p{T(0), T(1), T(0.5), T(1.0 / 512), T(3.0 / 512), T(255.0 / 256), T(-0.1), T(2)};
  std::vector<T> const p_expected{T(0),         T(255.0 / 256), T(0.5), T(0),
                                  T(2.0 / 256), T(255.0 / 256), T(0),   T(255.0 / 256)};
  CHECK(code<probability, 8, serial_group>(p).decoded == p_expected);
  CHECK(probability::saturated(serial_group{}, load<8>(serial_group{}, p.data())) == 3);

  using wide = format::fixed_point<3, 4>;
  static_assert(wide::bits == 8 && wide::step == 0.0625 && wide::least == -128);
  auto const many = test::normal<T>(197, 5, 0, 2);
  auto const coded = code<wide, 197, serial_group>(many);
  for (std::size_t i = 0; i < 197; ++i) {
    if (std::abs(many[i]) < 7.9) { REQUIRE(std::abs(coded.decoded[i] - many[i]) <= T{0.03125} + T(1e-6)); }
  }
  CHECK(same_bits(coded, code<wide, 197, emulated_group<4>>(many)));
}

TEST_CASE("stochastic rounding is unbiased and repeats") {
  using format_type = format::affine<2, 64, format::stochastic>;
  std::vector<float> x(64, 0.4F);
  x[0] = 0;
  x[1] = 3;
  double total = 0;
  for (index_t row = 0; row < 400; ++row) {
    auto const coded = code<format_type, 64, serial_group>(x, {.seed = 1, .iteration = 2, .place = 3}, row);
    for (std::size_t i = 2; i < 64; ++i) { total += static_cast<double>(coded.decoded[i]); }
  }
  CHECK(total / (400 * 62) == doctest::Approx(0.4).epsilon(0.03));
  random_stream const stream{.seed = 9};
  CHECK(
      same_bits(code<format_type, 64, serial_group>(x, stream, 4), code<format_type, 64, serial_group>(x, stream, 4)));
  CHECK(same_bits(code<format_type, 64, serial_group>(x, stream, 4),
                  code<format_type, 64, emulated_group<4>>(x, stream, 4)));
  CHECK(
      !same_bits(code<format_type, 64, serial_group>(x, stream, 4), code<format_type, 64, serial_group>(x, stream, 5)));
}

namespace {
/// A user's format: the sign.
struct sign_format : format::elementwise<sign_format, 1> {
  template <class T>
  static constexpr std::uint8_t encode_value(T value) {
    return value < T{} ? 1 : 0;
  }
  template <class T>
  static constexpr T decode_value(std::uint8_t code) {
    return code != 0 ? T{-1} : T{1};
  }
};
static_assert(format::storage_format<sign_format>);
static_assert(!format::counts_saturation<sign_format>);
static_assert(!format::storage_format<float>);
static_assert(format::affine<4>::code_bytes(768) == 384 && format::affine<4>::scale_count(768) == 24);
static_assert(format::symmetric<3>::code_bytes(197) == 75 && format::symmetric<3>::scale_count(197) == 4);
}  // namespace

TEST_CASE("users write formats of their own") {
  std::vector<float> const x{-1, 2, -3, 4, 5};
  auto const row = code<sign_format, 5, serial_group>(x);
  CHECK(row.decoded == std::vector<float>{-1, 1, -1, 1, 1});
  CHECK(row.codes[0] == std::byte{0b101});
}

namespace {
/// A user's format with scales in bf16: the sign times the largest magnitude.
struct signed_largest : format::scaled<signed_largest, 1, 8> {
  template <class T>
  SLIMFIT_HD static bf16 scale_of(T largest) {
    return bf16{static_cast<float>(largest)};
  }
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T scaled) {
    return scaled < 0 ? 1 : 0;
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    return code != 0 ? T{-1} : T{1};
  }
};
static_assert(format::storage_format<signed_largest> && signed_largest::scale_group == 8);
static_assert(format::storage_format<mxfp4> && mxfp4::code_bytes(768) == 384 && mxfp4::scale_count(768) == 12);
static_assert(mxfp4::scale_count(33) == 1 && mxfp4::scale_count(65) == 2);

/// The nearest of MXFP4's numbers by the specification's text: every one tried, ties to the even code.
double nearest_mxfp4(double x, double scale) {
  constexpr double levels[]{0, 0.5, 1, 1.5, 2, 3, 4, 6};
  int best = 0;
  for (int i = 1; i < 8; ++i) {
    double const better = std::abs(std::abs(x) / scale - levels[best]) - std::abs(std::abs(x) / scale - levels[i]);
    if (better > 0 || (better == 0 && i % 2 == 0)) { best = i; }
  }
  return std::copysign(levels[best] * scale, x);
}
}  // namespace

TEST_CASE("users write formats with scales of their own") {
  std::vector<float> const x{-1, 2, -3, 4, 5, 0.5F, 0, 1, -0.25F};
  auto const row = code<signed_largest, 9, serial_group>(x);
  CHECK(row.decoded == std::vector<float>{-5, 5, -5, 5, 5, 5, 5, 5, -0.25F});
}

TEST_CASE_TEMPLATE("a user's format with a scale of a byte: MXFP4 as specified", T, float, double) {
  test::for_widths<5, 64, 197>([]<int Width> {
    for (double const deviation : {1e-30, 1e-3, 1.0, 300.0}) {
      auto const x = test::normal<T>(Width, Width, 0, deviation);
      auto const row = code<mxfp4, Width, serial_group>(x);
      for (std::size_t first = 0; first < Width; first += 32) {
        double largest = 0;
        for (std::size_t i = first; i < std::min<std::size_t>(Width, first + 32); ++i) {
          largest = std::max(largest, std::abs(static_cast<double>(x[i])));
        }
        double const scale = std::exp2(std::floor(std::log2(largest)) - 2);
        for (std::size_t i = first; i < std::min<std::size_t>(Width, first + 32); ++i) {
          REQUIRE(static_cast<double>(row.decoded[i]) == nearest_mxfp4(static_cast<double>(x[i]), scale));
        }
      }
      CHECK(same_bits(row, code<mxfp4, Width, emulated_group<4>>(x)));
    }
  });
}

TEST_CASE("MXFP4: zeros stay, and a group with a number that is none is restored as NaN") {
  std::vector<float> x(64, 0.0F);
  CHECK(code<mxfp4, 64, serial_group>(x).decoded == x);
  for (float const wrong : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    x[40] = wrong;
    auto const decoded = code<mxfp4, 64, serial_group>(x).decoded;
    for (std::size_t i = 0; i < 64; ++i) { CHECK(std::isnan(decoded[i]) == (i >= 32)); }
  }
}
