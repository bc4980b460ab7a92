// SPDX-License-Identifier: MIT
// Checksums beside those of zlib.
#include <doctest/doctest.h>
#include <zlib.h>
#include <slimfit/io/crc32.hpp>

#include <array>
#include <string>

namespace sf = slimfit;

TEST_CASE("CRC-32 is zlib's, whatever the pieces") {
  std::string text = "123456789";
  CHECK(sf::crc32().add(text).text() == "cbf43926");
  CHECK(sf::crc32().text() == "00000000");
  CHECK(sf::crc32().add(std::array{'1', '2', '3'}).add(std::string("456789")).text() == "cbf43926");
  for (unsigned i = 0; i < 1000; ++i) { text += static_cast<char>(i * i % 251); }
  for (std::size_t const cut : {0U, 1U, 7U, 8U, 500U}) {
    auto const whole =
        ::crc32(0, reinterpret_cast<unsigned char const*>(text.data()), static_cast<unsigned>(text.size()));
    CHECK(sf::crc32().add(text.substr(0, cut)).add(text.substr(cut)).value() == whole);
  }
}
