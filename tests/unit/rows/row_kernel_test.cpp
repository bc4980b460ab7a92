// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <vector>

#include <slimfit/backend/host.hpp>
#include <slimfit/rows/row_kernel.hpp>

namespace sf = slimfit;

namespace {

struct silent_kernel {
  template <class Group>
  void operator()(Group /*group*/, sf::index_t /*row*/) const {}
};

struct telling_kernel {
  static constexpr int width = 384;
  using scalar_type = sf::bf16;
  static constexpr int live_tiles = 6;
  static constexpr bool works_in_teams = true;
  static constexpr sf::index_t rows_per_block = 3;
  template <class Group>
  void operator()(Group /*group*/, sf::index_t /*row*/) const {}
  template <int Piece>
  [[nodiscard]] telling_kernel in_pieces() const requires(width % Piece == 0) {
    return {};
  }
};

struct owning_kernel {
  std::vector<float> rows;
  template <class Group>
  void operator()(Group /*group*/, sf::index_t /*row*/) const {}
};

/// Notes which task saw each row: rows of one task are called one after the other.
struct numbered_kernel {
  static constexpr sf::index_t rows_per_block = 3;
  int* calls;
  template <class Group>
  void operator()(Group /*group*/, sf::index_t row) const {
    ++calls[row];
  }
};

}  // namespace

TEST_CASE("row kernels are trivially copyable and called with a group and a row") {
  CHECK(sf::row_kernel<silent_kernel>);
  CHECK(sf::row_kernel<telling_kernel, sf::serial_group>);
  CHECK_FALSE(sf::row_kernel<owning_kernel>);
  CHECK_FALSE(sf::row_kernel<int>);
}

TEST_CASE("what a row kernel does not say has a default") {
  using traits = sf::row_kernel_traits<silent_kernel>;
  CHECK(traits::width == 1024);
  CHECK(traits::element_bytes == 4);
  CHECK(traits::live_tiles == 3);
  CHECK_FALSE(traits::works_in_teams);
  CHECK(traits::rows_per_block == 16);
  CHECK_FALSE(sf::falls_into_pieces<silent_kernel, 128>);
}

TEST_CASE("what a row kernel says of itself counts") {
  using traits = sf::row_kernel_traits<telling_kernel>;
  CHECK(traits::width == 384);
  CHECK(traits::element_bytes == 2);
  CHECK(traits::live_tiles == 6);
  CHECK(traits::works_in_teams);
  CHECK(traits::rows_per_block == 3);
  CHECK(sf::falls_into_pieces<telling_kernel, 128>);
  CHECK_FALSE(sf::falls_into_pieces<telling_kernel, 100>);
  CHECK_FALSE(sf::falls_into_pieces<telling_kernel, 0>);
}

TEST_CASE("every row is called once, whatever the rows of a task") {
  sf::host const device({.threads = 2});
  for (int const rows : {0, 1, 2, 3, 4, 7, 100}) {
    std::vector<int> calls(static_cast<std::size_t>(rows) + 1);
    device.launch(rows, numbered_kernel{calls.data()});
    for (int row = 0; row < rows; ++row) { CHECK(calls[static_cast<std::size_t>(row)] == 1); }
    CHECK(calls.back() == 0);
  }
}
