// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the IDX reader do anything but succeed or throw file_error. Its files lie in
// memory.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/idx_fuzz.cpp -lz
#include <examples/programs/data/idx.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  int const file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) { std::abort(); }
  auto const path = "/proc/self/fd/" + std::to_string(file);
  try {
    auto const images = examples::read_idx_images(path);
    if (static_cast<slimfit::index_t>(images.pixels.size()) != images.count * images.rows * images.columns) {
      std::abort();
    }
  } catch (slimfit::file_error const&) {}
  try {
    for (auto const label : examples::read_idx_labels(path, 10)) {
      if (label >= 10) { std::abort(); }
    }
  } catch (slimfit::file_error const&) {}
  close(file);
  return 0;
}
