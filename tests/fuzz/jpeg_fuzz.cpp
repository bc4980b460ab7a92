// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the readers of JPEG and PNG, and what cuts squares out of its pictures, do
// anything but succeed or throw file_error.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/jpeg_fuzz.cpp -ljpeg -lpng
#include <examples/programs/data/crops.hpp>
#include <examples/programs/data/jpeg.hpp>
#include <examples/programs/data/png.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    std::span<std::byte const> const bytes(reinterpret_cast<std::byte const*>(data), size);
    auto const image =
        examples::is_png(bytes) ? examples::decode_png(bytes, "fuzz") : examples::decode_jpeg(bytes, "fuzz");
    if (std::ssize(image.pixels) != 3 * image.width * image.height) { std::abort(); }
    auto const middle = examples::central_square(image, 24, 27, examples::resize_filter::bilinear);
    auto const view = examples::draw_view(image.width, image.height, size, 0, 0);
    auto const part = examples::square_of(image, view, 24, examples::resize_filter::bicubic);
    if (middle.pixels.size() != 3 * 24 * 24 || part.pixels.size() != middle.pixels.size()) { std::abort(); }
  } catch (slimfit::file_error const&) {}
  return 0;
}
