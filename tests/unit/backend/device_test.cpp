// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <slimfit/backend/counting.hpp>
#include <slimfit/backend/device.hpp>
#include <slimfit/backend/host.hpp>

namespace sf = slimfit;

namespace {
/// A backend that has all optional members.
struct large_device {
  static constexpr sf::index_t workspace_bytes = 64;
  static constexpr sf::index_t concurrent_tasks = 4;
  static constexpr bool fuses_addends = true;
  static constexpr bool runs_many_groups = true;
  static constexpr sf::index_t busy_pieces = 8;
  struct recording {};
  template <class Enqueue>
  void rehearse(Enqueue const& enqueue) {
    enqueue();
  }
  static int bits_depend_on() { return 0; }
};
struct large_device_with_rows : large_device {
  static constexpr sf::index_t busy_rows = 16;
};
/// One that says that it lacks what others have.
struct plain_device {
  static constexpr bool fuses_addends = false;
};
}  // namespace

TEST_CASE("the library's backends are backends") {
  CHECK(sf::training_device<sf::host>);
  CHECK(sf::layer_device<sf::counting<>>);
  CHECK(sf::layer_device<sf::counting<sf::host>>);
  CHECK_FALSE(sf::training_device<sf::counting<>>);
  CHECK_FALSE(sf::layer_device<int>);
  CHECK_FALSE(sf::layer_device<large_device>);
}

TEST_CASE("what a backend does not say has a default") {
  using traits = sf::device_traits<plain_device>;
  CHECK(traits::workspace_bytes == 0);
  CHECK(traits::concurrent_tasks == 0);
  CHECK_FALSE(traits::fuses_addends);
  CHECK_FALSE(traits::runs_many_groups);
  CHECK(traits::busy_pieces == 0);
  CHECK_FALSE(traits::rehearses);
  CHECK_FALSE(traits::records);
  CHECK_FALSE(traits::tells_bits);
}

TEST_CASE("what a backend says of itself counts") {
  using traits = sf::device_traits<large_device>;
  CHECK(traits::workspace_bytes == 64);
  CHECK(traits::concurrent_tasks == 4);
  CHECK(traits::fuses_addends);
  CHECK(traits::runs_many_groups);
  CHECK(traits::busy_pieces == 8);
  CHECK(sf::device_traits<sf::counting<large_device_with_rows>>::busy_pieces == 8);
  CHECK(sf::counting<large_device_with_rows>::busy_rows == large_device_with_rows::busy_rows);
  CHECK(traits::rehearses);
  CHECK(traits::records);
  CHECK(traits::tells_bits);
  CHECK(sf::device_traits<sf::host>::concurrent_tasks == sf::host::concurrent_tasks);
  CHECK(sf::device_traits<sf::host>::tells_bits);
}
