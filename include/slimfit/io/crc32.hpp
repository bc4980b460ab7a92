// SPDX-License-Identifier: MIT
// CRC-32 as zlib, gzip and Python's zlib.crc32 compute it, so that anything can check a file's numbers. Written out,
// for it is thirty lines, while zlib would be a library that every program with a checkpoint has to be linked to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace slimfit {

namespace detail {

/// What each byte does to the remainder when `place` more bytes follow it in a block of eight.
inline auto make_crc32_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) { remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? 0xEDB88320U : 0U); }
    tables[0][byte] = remainder;
  }
  for (std::size_t place = 1; place < tables.size(); ++place) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      auto const before = tables[place - 1][byte];
      tables[place][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}
/// Made where it is first asked for: compilers take as long for it as for a page of the library.
inline auto const& crc32_tables() {
  static auto const tables = make_crc32_tables();
  return tables;
}

}  // namespace detail

/// The CRC-32 of bytes that come in pieces. Finds every change within 32 neighbouring bits, and all but one in four
/// thousand million others.
class crc32 {
 public:
  /// Adds `bytes`. @return this
  crc32& add(std::span<std::byte const> bytes) {
    auto const& tables = detail::crc32_tables();
    auto remainder = remainder_;
    auto const at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
    while (bytes.size() >= 8) {
      remainder ^= at(0) | (at(1) << 8U) | (at(2) << 16U) | (at(3) << 24U);
      remainder = tables[7][remainder & 0xFFU] ^ tables[6][(remainder >> 8U) & 0xFFU] ^
                  tables[5][(remainder >> 16U) & 0xFFU] ^ tables[4][remainder >> 24U] ^ tables[3][at(4)] ^
                  tables[2][at(5)] ^ tables[1][at(6)] ^ tables[0][at(7)];
      bytes = bytes.subspan(8);
    }
    for (auto const byte : bytes) {
      remainder = (remainder >> 8U) ^ tables[0][(remainder ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU];
    }
    remainder_ = remainder;
    return *this;
  }
  /// The same with the bytes of an array, or of a string.
  template <class Range>
  requires requires(Range const& range) { std::span(range); }
  crc32& add(Range const& range) {
    std::span<std::byte const> const bytes = std::as_bytes(std::span(range));
    return add(bytes);
  }

  [[nodiscard]] std::uint32_t value() const { return ~remainder_; }
  /// Eight hexadecimal digits.
  [[nodiscard]] std::string text() const {
    std::string digits;
    for (unsigned shift = 32; shift > 0; shift -= 4) { digits += "0123456789abcdef"[(value() >> (shift - 4)) & 15U]; }
    return digits;
  }

 private:
  std::uint32_t remainder_ = 0xFFFFFFFFU;
};

}  // namespace slimfit
