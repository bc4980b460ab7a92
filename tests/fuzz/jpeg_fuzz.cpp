// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the JPEG reader, and what cuts squares out of its pictures, do anything but
// succeed or throw file_error.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/jpeg_fuzz.cpp -ljpeg
#include <examples/data/crops.hpp>
#include <examples/data/jpeg.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    auto const image = examples::decode_jpeg({reinterpret_cast<std::byte const*>(data), size}, "fuzz");
    if (std::ssize(image.pixels) != 3 * image.width * image.height) { std::abort(); }
    auto const middle = examples::central_square(image, 24);
    auto const view = examples::draw_view(image.width, image.height, size, 0, 0);
    auto const part = examples::square_of(image, view, 24);
    if (middle.pixels.size() != 3 * 24 * 24 || part.pixels.size() != middle.pixels.size()) { std::abort(); }
  } catch (slimfit::file_error const&) {}
  return 0;
}
