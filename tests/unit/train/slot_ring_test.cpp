// SPDX-License-Identifier: MIT
#include <slimfit/train/slot_ring.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <random>

using slimfit::index_t;
using slimfit::slot_ring;

TEST_CASE("slots lie behind each other and come round") {
  slot_ring ring(10);
  CHECK(ring.empty());
  CHECK(ring.take(4) == 0);
  CHECK(ring.take(4) == 4);
  CHECK(!ring.take(3));
  ring.give_back();
  CHECK(!ring.take(5));
  CHECK(ring.take(4) == 0);  // as many as the first left
  CHECK(!ring.take(1));      // nothing between the newest and the oldest
  ring.give_back();
  CHECK(ring.take(6) == 4);
  ring.give_back();
  ring.give_back();
  CHECK(ring.empty());
  CHECK(ring.take(10) == 0);
  ring.forget();
  CHECK(ring.take(10) == 0);
}

TEST_CASE("slots never overlap") {
  constexpr index_t capacity = 50;
  slot_ring ring(capacity);
  std::deque<std::pair<index_t, index_t>> taken;
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    auto const count = static_cast<index_t>(1 + random() % 20);
    if (auto const place = ring.take(count)) {
      REQUIRE(*place >= 0);
      REQUIRE(*place + count <= capacity);
      for (auto const& [first, end] : taken) { REQUIRE((end <= *place || *place + count <= first)); }
      taken.emplace_back(*place, *place + count);
    } else {
      REQUIRE(!taken.empty());
      taken.pop_front();
      ring.give_back();
    }
    REQUIRE(ring.empty() == taken.empty());
  }
}
