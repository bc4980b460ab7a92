// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the readers of config.json and of an index of files do anything but succeed or
// throw file_error.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/huggingface_fuzz.cpp
#include <examples/programs/data/preprocessor_config.hpp>
#include <slimfit/huggingface/config.hpp>
#include <slimfit/io/safetensors_shards.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  try {
    auto const config = slimfit::parse_huggingface_config(text, "fuzz");
    if (config.hidden < 1 || config.layers < 1 || config.classes < 1 || config.mlp < 0) { std::abort(); }
    if (!(config.norm_epsilon >= 0 && config.norm_epsilon <= 1)) { std::abort(); }
  } catch (slimfit::file_error const&) {}
  try {
    for (auto const& [tensor, file] : slimfit::parse_shard_index(text, "fuzz")) {
      if (file.empty() || file == ".." || file.find('/') != std::string::npos) { std::abort(); }
    }
  } catch (slimfit::file_error const&) {}
  try {
    auto const how = examples::parse_preprocessor_config(std::string(text), "fuzz");
    for (std::size_t i = 0; i < 3; ++i) {
      if (!(how.deviation[i] > 0 && std::abs(how.mean[i]) <= 1000)) { std::abort(); }
    }
    if (how.resized < how.cropped || examples::evaluation_side(how, 224) < 224) { std::abort(); }
  } catch (slimfit::file_error const&) {}
  return 0;
}
