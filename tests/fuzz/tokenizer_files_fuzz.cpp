// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the readers of a tokenizer's files do anything but succeed or throw file_error,
// and what they give knows its own tokens.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/tokenizer_files_fuzz.cpp
//     -lutf8proc
#include <examples/programs/text/tokenizer_files.hpp>

#include <cstdlib>

namespace {

void check(examples::bert_tokenizer const& tokenizer) {
  auto const count = tokenizer.words().size();
  for (auto const* const text : {"", "the \u00c9tude, [MASK] \u4e2d\u6587 [SEP][CLS]", "a b\tc"}) {
    for (auto const id : tokenizer.encode(text).ids) {
      if (id < 0 || id > count) { std::abort(); }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(reinterpret_cast<char const*>(data), size);
  auto const attempt = [](auto const& load) {
    try {
      check(load());
    } catch (slimfit::file_error const&) {}
  };
  attempt([&] { return examples::tokenizer_from_json(text, "fuzz"); });
  attempt([&] { return examples::tokenizer_from_vocabulary(text, {}); });
  // Each of the other files beside a vocabulary, and the first part of the text beside the second.
  std::string const words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n##e\n";
  for (std::string const name :
       {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"}) {
    attempt([&] { return examples::tokenizer_files({{"vocab.txt", words}, {name, text}}, "fuzz").tokenizer(); });
  }
  auto const first = text.substr(0, text.find('\0'));
  auto const second = text.substr(std::min(text.size(), first.size() + 1));
  attempt([&] {
    return examples::tokenizer_files({{"tokenizer.json", first}, {"tokenizer_config.json", second}}, "fuzz")
        .tokenizer();
  });
  return 0;
}
