// SPDX-License-Identifier: MIT
// Biases, sums over rows, softmax and dropout.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include <slimfit/backend/counting.hpp>
#include <slimfit/kernels.hpp>

#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {
struct many_groups {
  static constexpr index_t busy_pieces = 264;
};

template <int Width, class Group, class T>
void check_sums(kernels::row_blocks const& blocks) {
  using namespace kernels;
  auto const x = test::normal<T>(blocks.rows * Width, 1);
  index_t const count = blocks.count();
  test::vector<T> partials(length(count * Width));
  test::vector<T> total(Width, T{100});
  column_sums<Width, T> const partly{x.data(), blocks, partials.data()};
  test::run_rows<Group>(partly.launches(), partly);
  test::run_rows<Group>(slice_count(Width), sum_rows<T>{partials.data(), count, Width, total.data()});
  auto added = total;
  test::run_rows<Group>(slice_count(Width),
                        sum_rows<T>{partials.data(), count, Width, added.data(), update_mode::accumulate});
  for (std::size_t j = 0; j < Width; ++j) {
    double expected = 0;
    for (std::size_t i = 0; i < length(blocks.rows); ++i) { expected += static_cast<double>(x[i * Width + j]); }
    REQUIRE(std::abs(static_cast<double>(total[j]) - expected) < 1e-4);
    REQUIRE(std::abs(static_cast<double>(added[j]) - 2 * expected) < 2e-4);
  }
}
}  // namespace

TEST_CASE_TEMPLATE("column sums", T, float, double) {
  test::for_widths<1, 5, 197, 3072>([]<int Width> {
    check_sums<Width, serial_group, T>({1});
    check_sums<Width, serial_group, T>({131});
    check_sums<Width, serial_group, T>({131, 16});
  });
  check_sums<197, emulated_group<4>, T>({65});
  check_sums<197, emulated_group<4>, T>({65, 32});
}

TEST_CASE("sums of no rows are zero, or what was there") {
  test::vector<float> sums(70, 3.0F);
  kernels::sum_rows<float> none{nullptr, 0, 70, sums.data(), update_mode::accumulate};
  test::run_rows<serial_group>(kernels::slice_count(70), none);
  CHECK(std::count(sums.begin(), sums.end(), 3.0F) == 70);
  none.mode = update_mode::overwrite;
  test::run_rows<serial_group>(kernels::slice_count(70), none);
  CHECK(std::count(sums.begin(), sums.end(), 0.0F) == 70);
}

TEST_CASE("blocks of rows keep many groups busy with few partial sums") {
  CHECK(kernels::blocks_for<any_backend>(6304, 3).size == kernels::rows_in_block);
  for (index_t const slices : {1, 3, 12}) {
    index_t before = 0;
    for (index_t rows = 1; rows < 100000; rows += 97) {
      auto const blocks = kernels::blocks_for<many_groups>(rows, slices);
      index_t const room = kernels::most_blocks_for<many_groups>(rows, slices);
      INFO(rows, " rows in ", slices, " slices");
      CHECK(blocks.count() <= room);
      CHECK(room >= before);
      before = room;
      bool const busy = blocks.count() * slices >= many_groups::busy_pieces / 2;
      CHECK((busy || blocks.size == 16));
      CHECK(room * slices <= 3 * many_groups::busy_pieces);
    }
  }
}

TEST_CASE_TEMPLATE("a bias alone or added to a row", Group, serial_group, emulated_group<4>) {
  auto const bias = test::normal<float>(197, 1);
  auto const x = test::normal<float>(3 * 197, 2);
  test::vector<float> alone(3 * 197);
  auto added = x;
  test::run_rows<Group>(3, kernels::broadcast_bias<197, float>{bias.data(), nullptr, alone.data()});
  test::run_rows<Group>(3, kernels::broadcast_bias<197, float>{bias.data(), added.data(), added.data()});
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(alone[i] == bias[i % 197]);
    CHECK(added[i] == x[i] + bias[i % 197]);
  }
}

TEST_CASE_TEMPLATE("softmax, its rebuilding and its gradient", T, float, double) {
  double const tolerance = sizeof(T) == 4 ? 3e-6 : 1e-13;
  for (index_t const width : {1, 5, 64, 197, 577}) {
    auto const scores = test::normal<T>(width, 1, 100, 20);
    auto const dp = test::normal<T>(width, 2);
    double const scale = 0.125;
    double largest = -1e300;
    for (auto const s : scores) { largest = std::max(largest, scale * static_cast<double>(s)); }
    double total = 0;
    for (auto const s : scores) { total += std::exp(scale * static_cast<double>(s) - largest); }
    test::vector<double> p(length(width));
    double dot = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      p[i] = std::exp(scale * static_cast<double>(scores[i]) - largest) / total;
      dot += p[i] * static_cast<double>(dp[i]);
    }
    test::vector<double> ds(length(width));
    for (std::size_t i = 0; i < p.size(); ++i) { ds[i] = scale * p[i] * (static_cast<double>(dp[i]) - dot); }

    test::vector<T> mine(scores);
    T const log_sum = kernels::softmax_row(mine.data(), mine.data(), width, static_cast<T>(scale));
    CHECK(test::relative_error(mine, p) < tolerance);
    CHECK(static_cast<double>(log_sum) == doctest::Approx(largest + std::log(total)).epsilon(tolerance));
    test::vector<T> again(length(width));
    kernels::softmax_from_log_sum(scores.data(), again.data(), width, static_cast<T>(scale), log_sum);
    CHECK(test::relative_error(again, p) < 2 * tolerance);
    test::vector<T> gradient(dp);
    kernels::softmax_row_backward(mine.data(), gradient.data(), gradient.data(), width, static_cast<T>(scale));
    if (width > 1) { CHECK(test::relative_error(gradient, ds) < 2 * tolerance); }
  }
  test::vector<T> masked{T{1}, -std::numeric_limits<T>::infinity(), T{1}};
  kernels::softmax_row(masked.data(), masked.data(), 3, T{1});
  CHECK(masked[0] == T{0.5});
  CHECK(masked[1] == T{0});
  test::vector<T> bad{T{1}, std::numeric_limits<T>::quiet_NaN()};
  kernels::softmax_row(bad.data(), bad.data(), 2, T{1});
  CHECK(std::isnan(bad[0]));
}

TEST_CASE_TEMPLATE("dropout is a function of the element's number", T, float, double) {
  using tenth = percent<10>;
  constexpr index_t rows = 101;
  constexpr int width = 197;
  random_stream const stream{.seed = 3, .iteration = 4, .place = 5};
  test::vector<T> const ones(length(rows * width), T{1});
  test::vector<T> y(ones.size());
  test::run_rows<serial_group>(rows, kernels::dropout<width, T, tenth>{ones.data(), y.data(), stream});
  double mean = 0;
  index_t dropped = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    auto const row = static_cast<index_t>(i) / width;
    auto const column = static_cast<index_t>(i) % width;
    bool const drop = static_cast<T>(uniform(stream.word(row * 200 + column))) < static_cast<T>(tenth::value());
    REQUIRE(y[i] == (drop ? T{0} : static_cast<T>(1 / 0.9)));
    dropped += drop ? 1 : 0;
    mean += static_cast<double>(y[i]) / static_cast<double>(y.size());
  }
  CHECK(mean == doctest::Approx(1).epsilon(0.01));
  CHECK(static_cast<double>(dropped) / static_cast<double>(y.size()) == doctest::Approx(0.1).epsilon(0.05));
  test::vector<T> lanes(ones.size());
  test::run_rows<emulated_group<4>>(3, kernels::dropout<width, T, tenth>{ones.data(), lanes.data(), stream});
  CHECK(std::equal(lanes.begin(), lanes.begin() + 3 * width, y.begin()));
  test::run_rows<serial_group>(1, kernels::dropout<width, T, tenth>{ones.data(), lanes.data(), stream, row_numbers{2}});
  CHECK(std::equal(lanes.begin(), lanes.begin() + width, y.begin() + 2 * width));
}

TEST_CASE("clipped values of rows are added to a counter") {
  auto const check = [&]<class Group> {
    test::vector<std::int32_t> counts;
    index_t expected = 5;
    for (std::int32_t i = 0; i < 301; ++i) {
      counts.push_back(i % 7);
      expected += i % 7;
    }
    test::vector<saturation_total> counter{{5, 1}};
    test::run_rows<Group>(1, kernels::add_saturation{counts.data(), 301, 768, counter.data()});
    CHECK(counter[0].clipped == expected);
    CHECK(counter[0].total == 1 + 301 * 768);
  };
  check.template operator()<serial_group>();
  check.template operator()<emulated_group<4>>();
}
