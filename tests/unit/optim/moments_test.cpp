// SPDX-License-Identifier: MIT
// Moments of 8 bits: their codes, and what optimizers make of them, against plain double loops.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/optim.hpp>

#include <random>

#include "reference/adamw.hpp"
#include "support/optimizer_numbers.hpp"

namespace sf = slimfit;
using sf::index_t;
using sf::testing::numbers;
using sf::testing::worst_error;

namespace {
using coded_adamw = sf::basic_adamw<sf::strict, sf::moments::bits8>;
}  // namespace

TEST_CASE("codes of moments: their table, unbiased rounding, neither end lost") {
  using first = sf::moment_code<true>;
  using second = sf::moment_code<false>;
  static_assert(first::largest == first::magnitude(first::last) && second::largest == second::magnitude(second::last));
  for (int code = 0; code < 256; ++code) {
    auto const byte = static_cast<std::uint8_t>(code);
    double const magnitude = reference::code_magnitude(code & 127);
    CHECK(second::decode(byte) == static_cast<float>(reference::code_magnitude(code)));
    CHECK(static_cast<double>(first::decode(byte)) == (code > 127 ? -magnitude : magnitude));
    // A number of the table is its own code, whatever the noise; but for minus 0.
    for (std::uint32_t const noise : {0U, 0x8000U, 0xffffU, 0xffff0000U}) {
      CHECK(second::encode(second::decode(byte), noise) == code);
      CHECK(first::encode(first::decode(byte), noise) == code);
    }
  }
  for (double const number : {0.01, 0.3, 1.0 / 3, 1.7, 77.7, 12345.6, 61000.0}) {
    double mean = 0;
    for (std::uint32_t noise = 0; noise < 65536; ++noise) {
      auto const code = first::encode(-static_cast<float>(number), noise);
      mean -= static_cast<double>(first::decode(code)) / 65536;
    }
    // A step of the code is 1/8 of number + 1 at most; 2^-16 of it is the noise's own step.
    CHECK(std::abs(mean - number) < 0x1p-18 * (number + 1));
  }
  CHECK(second::encode(0.0F, 0xffffU) == 0);
  CHECK(second::encode(1e-30F, 0) == 1);
  CHECK(first::encode(1e-30F, 0xffffU) == 0);
  CHECK(first::encode(std::nextafter(first::largest, 1e9F), 0xffffU) == 127);
  CHECK(second::encode(1.1F * second::largest, 0xffffU) == 255);
  auto const scale = second::scale_of(sf::bit_cast<std::uint32_t>(2.0F));
  CHECK(scale.value * second::largest == doctest::Approx(2.0));
  CHECK(scale.inverse * scale.value == doctest::Approx(1.0));
  auto const least = second::scale_of(0);
  CHECK(std::isnormal(least.value * second::decode(1)));
  CHECK(std::isfinite(least.inverse));
  CHECK(!std::isfinite(second::scale_of(sf::bit_cast<std::uint32_t>(std::nanf(""))).value));
  CHECK(std::isnan(second::scale_of(sf::bit_cast<std::uint32_t>(HUGE_VALF)).value * second::decode(0)));
}

TEST_CASE_TEMPLATE("adamw with moments of 8 bits agrees with its formula, block by block", T, float, double) {
  for (index_t const count : {4096, 4097, 3 * 4096 + 5}) {
    CAPTURE(count);
    sf::host backend({.threads = 2});
    coded_adamw::optimizer<sf::host, T> optimizer(backend, {.learning_rate = 1e-3, .weight_decay = 0.05}, 1, count);
    optimizer.set_seed(7);
    numbers<T> weights(count, 1, 0.05, true);
    reference::adamw_parameter expected(weights.exact);
    auto const size = static_cast<std::size_t>(count);
    std::vector<std::uint8_t> codes[2];
    std::vector<float> scales[2];
    for (int step = 0; step < 3; ++step) {
      numbers<T> const gradient(count, 10U + static_cast<unsigned>(step), 1e-2, step == 0);
      optimizer.update(0, weights.values.data(), gradient.values.data(), count);
      expected.step({1e-3, 0.9, 0.999, 1e-6, 0.05, false, false}, gradient.exact, 1.0);
      CHECK(worst_error(weights.values, expected.w) < 1e-4);
      int arrays = 0;
      optimizer.for_each_state_array(std::vector{count}, [&]<class C>(sf::state_array<C> const& each) {
        if constexpr (std::is_same_v<C, std::uint8_t>) {
          codes[arrays++ / 2].assign(each.data, each.data + each.count);
        } else if constexpr (std::is_same_v<C, float>) {
          CHECK(each.count == sf::divide_up(count, 256));
          scales[arrays++ / 2].assign(each.data, each.data + each.count);
        }
      });
      REQUIRE(arrays == 4);
      REQUIRE(codes[0].size() == size);
      index_t others = 0;
      for (std::size_t begin = 0; begin < size; begin += 256) {
        auto const end = std::min(size, begin + 256);
        std::vector<double> noise[2];
        for (auto i = begin; i < end; ++i) {
          auto const word =
              sf::random_stream{7, static_cast<std::uint32_t>(step), 0x80000000U}.word(static_cast<index_t>(i));
          noise[0].push_back((word & 0xffffU) * 0x1p-16);
          noise[1].push_back((word >> 16U) * 0x1p-16);
        }
        for (int which = 0; which < 2; ++which) {
          auto& exact = which == 0 ? expected.m : expected.v;
          std::vector<double> const block(exact.begin() + static_cast<std::ptrdiff_t>(begin),
                                          exact.begin() + static_cast<std::ptrdiff_t>(end));
          auto const wanted = reference::encode_block(block, which == 0 ? 127 : 255, which == 1, noise[which]);
          CHECK(static_cast<double>(scales[which][begin / 256]) == doctest::Approx(wanted.scale).epsilon(1e-5));
          for (auto i = begin; i < end; ++i) {
            int const code = which == 0 && codes[0][i] > 127 ? 128 - codes[0][i] : codes[which][i];
            int const difference = std::abs(code - wanted.codes[i - begin]);
            REQUIRE(difference <= 1);
            others += difference;
            double const scale = static_cast<double>(scales[which][begin / 256]);
            exact[i] = (code < 0 ? -1 : 1) * reference::code_magnitude(std::abs(code)) * scale;  // goes on with these
            expected.w[i] = static_cast<double>(weights.values[i]);
          }
        }
      }
      CHECK(others <= 2 + count / 500);  // where rounding in float tips the balance
    }
  }
}

TEST_CASE("second moments of 8 bits follow the exact ones on average and are never lost") {
  constexpr index_t count = 8192;
  sf::host backend({.threads = 2});
  coded_adamw::optimizer<sf::host, float> coded(backend, {}, 1, count);
  sf::adamw::optimizer<sf::host, float> exact(backend, {}, 1, count);
  std::vector<float> a(count, 1.0F);
  std::vector<float> b(count, 1.0F);
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  std::vector<float> gradient(count);
  for (int step = 0; step < 1500; ++step) {
    // Deviations from 1e-3 to 1 in each block, and a third of the steps without gradients.
    for (std::size_t i = 0; i < count; ++i) {
      gradient[i] = step % 3 == 0 ? 0.0F : normal(generator) * std::pow(10.0F, -3.0F * static_cast<float>(i % 64) / 63);
    }
    coded.update(0, a.data(), gradient.data(), count);
    exact.update(0, b.data(), gradient.data(), count);
  }
  std::vector<float> v;
  std::vector<float> scales;
  std::vector<float> wanted;
  coded.for_each_state_array(std::vector{count}, [&]<class C>(sf::state_array<C> const& each) {
    if (each.name == "0.second_moment_scales") { scales.assign(each.data, each.data + each.count); }
    if (each.name == "0.second_moment") {
      for (index_t i = 0; i < each.count; ++i) {
        v.push_back(sf::moment_code<false>::decode(static_cast<std::uint8_t>(each.data[i])));
      }
    }
  });
  exact.for_each_state_array(std::vector{count}, [&](auto const& each) {
    if (each.name == "0.second_moment") { wanted.assign(each.data, each.data + each.count); }
  });
  double mean = 0;
  double square = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto const ratio = static_cast<double>(v[i] * scales[i / 256] / wanted[i]);
    REQUIRE(ratio > 0.1);
    mean += ratio / count;
    square += (ratio - 1) * (ratio - 1) / count;
  }
  // An average over 1 / (1 - beta2) = 1000 steps whose roundings have a variance of about step x change each: the
  // deviation is near the root of half a step of the code, 0.2; the mean of 8192 has 1/90 of it.
  CHECK(std::abs(mean - 1) < 0.015);
  CHECK(std::sqrt(square) < 0.3);
}
