// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <vector>

#include <slimfit/format/bit_packing.hpp>
#include <slimfit/rows/tile.hpp>

#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;

namespace {

/// Value i in bits [i * bits, (i + 1) * bits), one bit at a time.
std::vector<std::uint8_t> packed_by_definition(std::vector<std::uint8_t> const& codes, int bits) {
  std::vector<std::uint8_t> bytes((codes.size() + 7) / 8 * static_cast<std::size_t>(bits));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    for (std::size_t b = 0; b < static_cast<std::size_t>(bits); ++b) {
      std::size_t const position = i * static_cast<std::size_t>(bits) + b;
      bytes[position / 8] = static_cast<std::uint8_t>(bytes[position / 8] | ((codes[i] >> b) & 1) << position % 8);
    }
  }
  return bytes;
}

template <int Bits, int Width, class Group>
void check_layout() {
  using tile_type = tile<float, Width, Group>;
  std::mt19937 engine(Bits * 1000 + Width);
  std::vector<std::uint8_t> codes(Width);
  for (auto& code : codes) { code = static_cast<std::uint8_t>(engine() % (1U << Bits)); }
  auto const expected = packed_by_definition(codes, Bits);
  REQUIRE(static_cast<index_t>(expected.size()) == format::packed_bytes(Width, Bits));

  std::vector<std::byte> row(expected.size() + 1, std::byte{0xAB});
  std::vector<std::uint8_t> again(Width);
  test::run_rows<Group>(1, [&](auto group, index_t) {
    std::uint8_t mine[tile_type::padded_slots] = {};
    int const lane = group.lane();
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      int const element = tile_type::element(lane, slot);
      // Bits above the code must be ignored.
      if (element < Width) { mine[slot] = static_cast<std::uint8_t>(codes[test::length(element)] | 0xFFU << Bits); }
    }
    format::pack_row<Bits, tile_type>(group, mine, row.data());
    group.sync();
    std::uint8_t back[tile_type::padded_slots];
    format::unpack_row<Bits, tile_type>(group, row.data(), back);
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      int const element = tile_type::element(lane, slot);
      if (element < Width) { again[test::length(element)] = back[slot]; }
    }
  });
  CHECK(again == codes);
  CHECK(row.back() == std::byte{0xAB});
  for (std::size_t i = 0; i < expected.size(); ++i) { REQUIRE(static_cast<std::uint8_t>(row[i]) == expected[i]); }
}

template <int Width>
void check_all_bits() {
  using test::emulated_group;
  check_layout<1, Width, serial_group>();
  check_layout<2, Width, serial_group>();
  check_layout<3, Width, serial_group>();
  check_layout<4, Width, serial_group>();
  check_layout<8, Width, serial_group>();
  check_layout<1, Width, emulated_group<4>>();
  check_layout<3, Width, emulated_group<4>>();
  check_layout<4, Width, emulated_group<8>>();
}

}  // namespace

TEST_CASE("codes are little-endian, value i in bits [i B, (i + 1) B)") {
  CHECK(format::pack<4>(0x0807060504030201) == 0x87654321);
  CHECK(format::pack<1>(0x0101000000000001) == 0b11000001);
  CHECK(format::pack<2>(0x0302010003020100) == 0b1110010011100100);
  CHECK(format::pack<3>(0x0706050403020100) == 0b111110101100011010001000);
  CHECK(format::unpack<3>(0b111110101100011010001000) == 0x0706050403020100);
  CHECK(format::pack<8>(0xFEDCBA9876543210) == 0xFEDCBA9876543210);
  test::for_widths<1, 5, 64, 197, 768>([]<int Width> { check_all_bits<Width>(); });
}
