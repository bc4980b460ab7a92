// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the safetensors reader do anything but succeed or throw file_error.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/safetensors_fuzz.cpp
#include <slimfit/io/safetensors.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::span<std::byte const> const bytes(reinterpret_cast<std::byte const*>(data), size);
  try {
    slimfit::safetensors_view const file(bytes, "fuzz");
    for (auto const& [name, tensor] : file.tensors()) {
      std::size_t elements = 1;
      for (auto const extent : tensor.shape) { elements *= static_cast<std::size_t>(extent); }
      if (elements > size) { continue; }
      try {
        std::vector<float> target(elements);
        file.read_into(name, tensor.shape, target.data());
      } catch (slimfit::file_error const&) {
        std::vector<std::int32_t> target(elements);
        file.read_into(name, tensor.shape, target.data());
      }
    }
  } catch (slimfit::file_error const&) {}
  return 0;
}
