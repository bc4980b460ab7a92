// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include <slimfit/format.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/stash/pruned.hpp>

#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {

/// The `count` largest in magnitude, ties to the lowest index, by a stable sort; the others zero.
template <class T>
test::vector<T> largest_by_sorting(test::vector<T> const& row, std::size_t count) {
  test::vector<std::size_t> order(row.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(row[a]) > std::abs(row[b]); });
  test::vector<T> result(row.size());
  for (std::size_t i = 0; i < count; ++i) { result[order[i]] = row[order[i]]; }
  return result;
}

template <class S, int Width, class Group, class T>
test::vector<T> pruned_row(test::vector<T> const& x, test::vector<std::byte>* bitmap = nullptr) {
  test::tape tape;
  auto const kept = S::template keep<T, Width>(tape.memory(), 2, category::static_activations);
  test::vector<T> restored(Width);
  test::run_rows<Group>(1, test::save_and_restore<Width, T, std::remove_const_t<decltype(kept)>>{
                               kept.rows_from(1), x.data(), restored.data()});
  if (bitmap != nullptr) { bitmap->assign(kept.bitmap.data + kept.row_bytes, kept.bitmap.data + 2 * kept.row_bytes); }
  S::release(tape.memory(), kept);
  CHECK(tape.memory().tape_bytes() == 0);
  return restored;
}

/// The rows of a matrix in memory.
template <int Width, class T>
struct matrix_rows {
  static constexpr int width = Width;
  using scalar_type = T;
  T const* data;
  template <lane_group Group>
  SLIMFIT_HD tile<T, Width, Group> restore(Group group, index_t row) const {
    return load<Width>(group, data + row * Width);
  }
};

template <class Keep>
using whole = stash::pruned<Keep, format::full, stash::per_tensor>;

/// What a matrix becomes that is saved as a whole and restored in parts of `chunk` rows.
template <class Keep, int Width, class Group, class T>
test::vector<T> pruned_matrix(test::vector<T> const& x, index_t chunk = 1000) {
  auto const rows = static_cast<index_t>(x.size()) / Width;
  test::tape tape;
  auto const kept = whole<Keep>::template keep<T, Width>(tape.memory(), rows, category::static_activations);
  using kept_type = std::remove_const_t<decltype(kept)>;
  test::vector<index_t> workspace(length(kept_type::workspace_numbers(rows)) + 1, -1);
  test::row_context<Group> run;
  kept.save_matrix(run, matrix_rows<Width, T>{x.data()}, rows, workspace.data());
  CHECK(workspace.back() == -1);
  test::vector<T> restored(x.size(), T{7});
  for (index_t first = 0; first < rows; first += chunk) {
    run.launch(std::min(chunk, rows - first),
               kernels::restore_rows<Width, T, kept_type>{kept.rows_from(first), restored.data() + first * Width});
  }
  whole<Keep>::release(tape.memory(), kept);
  CHECK(tape.memory().tape_bytes() == 0);
  return restored;
}

template <class Keep, int Width, class Group, class T>
void check_matrix(test::vector<T> const& x, index_t chunk = 1000) {
  auto const survivors = length(Keep::of(static_cast<index_t>(x.size())));
  CHECK(pruned_matrix<Keep, Width, Group>(x, chunk) == largest_by_sorting(x, survivors));
}

}  // namespace

TEST_CASE_TEMPLATE("exactly the largest of each row survive, ties to the lowest index", T, float, double) {
  test::for_widths<1, 5, 64, 197, 768>([]<int Width> {
    using tenth = stash::pruned<percent<10>>;
    auto x = test::normal<T>(Width, Width);
    std::size_t const count = std::max(1, Width / 10);
    CHECK(pruned_row<tenth, Width, serial_group>(x) == largest_by_sorting(x, count));
    CHECK(pruned_row<tenth, Width, emulated_group<4>>(x) == largest_by_sorting(x, count));
    for (auto& value : x) { value = std::round(value * 2); }  // many ties, and zeros
    CHECK(pruned_row<tenth, Width, serial_group>(x) == largest_by_sorting(x, count));
    CHECK(pruned_row<tenth, Width, emulated_group<8>>(x) == largest_by_sorting(x, count));
    CHECK(pruned_row<stash::pruned<percent<100>>, Width, serial_group>(x) == x);
    CHECK(pruned_row<stash::pruned<percent<100>>, Width, emulated_group<2>>(x) == x);
  });
}

TEST_CASE("the bitmap has element i in bit i % 8 of byte i / 8") {
  using quarter = stash::pruned<percent<25>>;
  test::vector<float> const x{0, -9, 1, 1, 8, 1, 1, 1, 1, 1, 7, 1, 1, 1, 1, 6};
  test::vector<std::byte> bitmap;
  pruned_row<quarter, 16, serial_group>(x, &bitmap);
  CHECK(bitmap == test::vector<std::byte>{std::byte{0b00010010}, std::byte{0b10000100}});
  test::vector<float> const equal(16, 1.0F);
  pruned_row<quarter, 16, emulated_group<2>>(equal, &bitmap);
  CHECK(bitmap == test::vector<std::byte>{std::byte{0b00001111}, std::byte{0}});
}

TEST_CASE("survivors in a format stay within its step, the same on every group") {
  using stash_type = stash::pruned<percent<30>, format::symmetric<8>>;
  auto const x = test::normal<float>(197, 4);
  auto const expected = largest_by_sorting(x, 59);
  auto const serial = pruned_row<stash_type, 197, serial_group>(x);
  for (std::size_t i = 0; i < 197; ++i) {
    CHECK((serial[i] == 0) == (expected[i] == 0));
    CHECK(std::abs(serial[i] - expected[i]) <= 4.0F / 127);
  }
  CHECK(serial == pruned_row<stash_type, 197, emulated_group<4>>(x));
}

TEST_CASE("NaN and inf survive, so errors stay visible") {
  auto x = test::normal<float>(64, 4);
  x[13] = std::numeric_limits<float>::quiet_NaN();
  x[40] = -std::numeric_limits<float>::infinity();
  auto const restored = pruned_row<stash::pruned<percent<5>>, 64, serial_group>(x);
  CHECK(std::isnan(restored[13]));
  CHECK(restored[40] == x[40]);
  CHECK(std::count(restored.begin(), restored.end(), 0.0F) == 61);
}

TEST_CASE_TEMPLATE("exactly the largest of all rows survive, ties to the lowest index", T, float, double) {
  test::for_widths<1, 5, 64, 197>([]<int Width> {
    using tenth = percent<10>;
    constexpr index_t rows = 71;  // more than one block
    auto x = test::normal<T>(rows * Width, Width);
    // Rows of unequal size: the first keeps most, some nothing.
    for (std::size_t i = 0; i < x.size(); ++i) { x[i] /= static_cast<T>(1 + i / Width % 5 * 2); }
    check_matrix<tenth, Width, serial_group>(x);
    check_matrix<tenth, Width, emulated_group<4>>(x);
    for (auto& value : x) { value = std::round(value * 2); }  // many ties, and zeros
    check_matrix<tenth, Width, serial_group>(x);
    check_matrix<percent<70>, Width, serial_group>(x);  // zeros tie
    check_matrix<tenth, Width, emulated_group<8>>(x);
    check_matrix<percent<70>, Width, emulated_group<2>>(x);
    check_matrix<percent<0>, Width, serial_group>(x);
    CHECK(pruned_matrix<percent<100>, Width, serial_group>(x) == x);
  });
}

TEST_CASE("the largest of all rows are the same, wherever rows are restored from") {
  auto const x = test::normal<float>(50 * 37, 8);
  for (index_t const chunk : {1, 7, 16, 49}) {
    check_matrix<percent<10>, 37, serial_group>(x, chunk);
    check_matrix<percent<33>, 37, emulated_group<4>>(x, chunk);
  }
  check_matrix<percent<10>, 5, serial_group>(test::normal<float>(5, 1));  // a tenth of five values is none
}

TEST_CASE("NaN and inf survive among all rows") {
  auto x = test::normal<float>(10 * 64, 4);
  x[130] = std::numeric_limits<float>::quiet_NaN();
  x[600] = -std::numeric_limits<float>::infinity();
  auto const restored = pruned_matrix<percent<1>, 64, serial_group>(x);
  CHECK(std::isnan(restored[130]));
  CHECK(restored[600] == x[600]);
  CHECK(std::count(restored.begin(), restored.end(), 0.0F) == 634);
}

TEST_CASE("bytes of a matrix whose largest values survive: bitmap, a number per row, values") {
  test::tape tape;
  auto const kept = whole<percent<10>>::keep<float, 768>(tape.memory(), 1000, category::static_activations);
  CHECK(tape.memory().tape_bytes() == 1000 * 96 + round_up(1000 * 4, 64) + 4 * 76800);
  whole<percent<10>>::release(tape.memory(), kept);
  test::row_context<serial_group> run;
  CHECK_THROWS_AS(kept.save_matrix(run, matrix_rows<768, float>{}, 3000000, nullptr), shape_error);
}
