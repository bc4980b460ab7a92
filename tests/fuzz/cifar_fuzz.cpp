// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the reader of CIFAR's files do anything but succeed or throw file_error. Its
// files lie in memory.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/cifar_fuzz.cpp
#include <examples/programs/data/cifar.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  int const file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) { std::abort(); }
  auto const path = "/proc/self/fd/" + std::to_string(file);
  for (auto const& layout : {examples::cifar_10, examples::cifar_100}) {
    examples::colour_images images;
    try {
      examples::read_cifar(path, layout, 0, images);
      if (images.count() < 1 || images.side != 32) { std::abort(); }
    } catch (slimfit::file_error const&) {}
    if (static_cast<slimfit::index_t>(images.pixels.size()) != images.count() * 3 * 32 * 32) { std::abort(); }
    for (auto const label : images.labels) {
      if (label < 0 || label >= layout.classes) { std::abort(); }
    }
  }
  close(file);
  return 0;
}
