// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include <slimfit/policy/formats.hpp>
#include <slimfit/stash/pruned.hpp>

#include "../support/fixture.hpp"
#include "../support/run_rows.hpp"

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
