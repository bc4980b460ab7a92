// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the readers of a tokenizer's files do anything but succeed or throw file_error,
// and what they give knows its own tokens.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/tokenizer_files_fuzz.cpp
//     -lutf8proc
#include <examples/text/tokenizer_files.hpp>

#include <cstdlib>

namespace {

void check(examples::bert_tokenizer const& tokenizer) {
  auto const count = tokenizer.words().size();
  for (auto const* const text : {"", "the \u00c9tude, [MASK] \u4e2d\u6587 [SEP][CLS]", "a b\tc"}) {
    for (auto const id : tokenizer.encode(text).ids) {
      if (id < 0 || id >= count) { std::abort(); }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(reinterpret_cast<char const*>(data), size);
  try {
    check(examples::tokenizer_from_json(text, "fuzz"));
  } catch (slimfit::file_error const&) {}
  examples::wordpiece_settings settings;
  try {
    settings = examples::settings_from_config(text, "fuzz");
  } catch (slimfit::file_error const&) {}
  try {
    check(examples::tokenizer_from_vocabulary(text, settings));
  } catch (slimfit::file_error const&) {}
  return 0;
}
