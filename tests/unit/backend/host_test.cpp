// SPDX-License-Identifier: MIT
// The host backend: products in pieces against plain loops, the same bits with any number of threads, no threads but
// the pool's.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>

#include <filesystem>
#include <functional>
#include <vector>

#include "support/fixture.hpp"
#include "support/second_thread.hpp"

using namespace slimfit;

namespace {

template <class T>
std::vector<T> product(int threads, index_t rows, index_t columns, index_t inner, bool transpose_a, bool transpose_b,
                       update_mode mode) {
  host device({.threads = threads});
  auto const a = test::normal<T>(rows * inner, 1);
  auto const b = test::normal<T>(inner * columns, 2);
  auto c = test::normal<T>(rows * columns, 3);
  device.multiply(rows, columns, inner, operand<T>{a.data(), transpose_a ? rows : inner, transpose_a},
                  operand<T>{b.data(), transpose_b ? inner : columns, transpose_b}, c.data(), columns, mode);
  return c;
}

template <class T>
std::vector<double> expected(index_t rows, index_t columns, index_t inner, bool transpose_a, bool transpose_b,
                             update_mode mode) {
  auto const a = test::normal<T>(rows * inner, 1);
  auto const b = test::normal<T>(inner * columns, 2);
  auto const c = test::normal<T>(rows * columns, 3);
  std::vector<double> result;
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < columns; ++j) {
      double sum = mode == update_mode::accumulate ? static_cast<double>(c[test::length(i * columns + j)]) : 0.0;
      for (index_t k = 0; k < inner; ++k) {
        sum += static_cast<double>(a[test::length(transpose_a ? k * rows + i : i * inner + k)]) *
               static_cast<double>(b[test::length(transpose_b ? j * inner + k : k * columns + j)]);
      }
      result.push_back(sum);
    }
  }
  return result;
}

index_t running_threads() {
  index_t count = 0;
  for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator("/proc/self/task")) { ++count; }
  return count;
}

}  // namespace

TEST_CASE_TEMPLATE("host: products equal plain loops and do not depend on the threads", T, float, double) {
  struct shape {
    index_t rows, columns, inner;
  };
  // Below and above what is cut into pieces, in one direction and in both.
  for (shape const& each : {shape{3, 5, 7}, shape{100, 90, 64}, shape{1000, 40, 16}, shape{30, 900, 20}}) {
    index_t const rows = each.rows;
    index_t const columns = each.columns;
    index_t const inner = each.inner;
    for (int const form : {0, 1, 2, 3}) {
      auto const mode = form == 2 ? update_mode::accumulate : update_mode::overwrite;
      bool const transpose_a = (form & 1) != 0;
      bool const transpose_b = (form & 2) != 0;
      CAPTURE(rows);
      CAPTURE(form);
      auto const one = product<T>(1, rows, columns, inner, transpose_a, transpose_b, mode);
      CHECK(test::relative_error(one, expected<T>(rows, columns, inner, transpose_a, transpose_b, mode)) <
            (sizeof(T) == 4 ? 1e-6 : 1e-14));
      CHECK(one == product<T>(2, rows, columns, inner, transpose_a, transpose_b, mode));
      CHECK(one == product<T>(5, rows, columns, inner, transpose_a, transpose_b, mode));
    }
  }
}

TEST_CASE("host: products of bf16 are rounded once") {
  auto const rounded = [](index_t count, unsigned seed) {
    std::vector<bf16> values;
    for (float const value : test::normal<float>(count, seed)) { values.push_back(bf16(value)); }
    return values;
  };
  auto const as_double = [](bf16 value) { return static_cast<double>(static_cast<float>(value)); };
  host device({.threads = 2});
  constexpr index_t rows = 210;
  constexpr index_t columns = 140;
  constexpr index_t inner = 300;
  auto const a = rounded(rows * inner, 1);
  auto const b = rounded(inner * columns, 2);
  for (int const form : {0, 1, 2, 3, 4}) {
    CAPTURE(form);
    bool const transpose_a = (form & 1) != 0;
    bool const transpose_b = (form & 2) != 0;
    auto const mode = form == 4 ? update_mode::accumulate : update_mode::overwrite;
    auto c = rounded(rows * columns, 3);
    std::vector<double> expected;
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < columns; ++j) {
        double sum = form == 4 ? as_double(c[test::length(i * columns + j)]) : 0.0;
        for (index_t k = 0; k < inner; ++k) {
          sum += as_double(a[test::length(transpose_a ? k * rows + i : i * inner + k)]) *
                 as_double(b[test::length(transpose_b ? j * inner + k : k * columns + j)]);
        }
        expected.push_back(sum);
      }
    }
    device.multiply(rows, columns, inner, operand<bf16>{a.data(), transpose_a ? rows : inner, transpose_a},
                    operand<bf16>{b.data(), transpose_b ? inner : columns, transpose_b}, c.data(), columns, mode);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // Half a step of bf16, and float's rounding of sums of 300.
      REQUIRE(std::abs(as_double(c[i]) - expected[i]) <= std::abs(expected[i]) * 0x1p-8 + 1e-3);
    }
  }
}

TEST_CASE("host: the BLAS starts no threads of its own" * doctest::skip(!std::filesystem::exists("/proc/self/task"))) {
  host device({.threads = 3});
  auto const before = running_threads();
  auto const a = test::normal<float>(1600 * 256, 1);
  auto const b = test::normal<float>(256 * 1600, 2);
  std::vector<float> c(1600 * 1600);
  for (int i = 0; i < 10; ++i) {
    device.multiply(1600, 1600, 256, operand<float>{a.data(), 256, false}, operand<float>{b.data(), 1600, false},
                    c.data(), 1600);
  }
  CHECK(running_threads() == before);
}

TEST_CASE("host: two threads at once are found, one after the other are not") {
  host device({.threads = 2});
  std::vector<float> a(16);
  std::vector<float> b(16);
  std::vector<std::function<void()>> const calls{
      [&] { device.launch(1, [](auto /*group*/, index_t /*row*/) {}); },
      [&] {
        device.multiply(4, 4, 4, operand<float>{a.data(), 4, false}, operand<float>{a.data(), 4, false}, b.data(), 4);
      },
      [&] { device.fill_zero(b.data(), 16); },
      [&] { device.copy(a.data(), b.data(), 16); },
      [&] { buffer<float, host_resource> const memory(device.memory(), 16, category::data); },
  };
  for (auto const& call : calls) {
    device.launch(1, [&](auto /*group*/, index_t /*row*/) { CHECK(testing::is_refused(call)); });
    auto const alone = device.memory().use();
    CHECK(testing::is_refused(call));
    call();  // by the thread that uses it
  }
  for (auto const& call : calls) { CHECK(!testing::is_refused(call)); }
  CHECK(device.memory().book().now().total() == 0);
}
