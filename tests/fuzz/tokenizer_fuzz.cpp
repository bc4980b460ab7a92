// SPDX-License-Identifier: MIT
// libFuzzer target: whatever a text holds, its tokens are of the vocabulary, lie in the text in its order, and are
// never more than asked for. The first three bytes are settings, greatest length and stride; a line feed ends the first
// text.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/tokenizer_fuzz.cpp
//   -lutf8proc
#include <examples/programs/text/encoding.hpp>

#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) { std::abort(); }
}

examples::bert_tokenizer make_tokenizer(unsigned bits) {
  examples::vocabulary words({"[PAD]", "[UNK]",    "[CLS]",  "[SEP]", "[MASK]", "a",      "b",        "##a",
                              "##b",   "##ab",     "the",    "##e",   "A",      "\u00e9", "##\u00e9", "e",
                              "i",     "##\u0307", "\u4e2d", ",",     "!",      "[",      "]",        "##1"});
  std::vector<examples::added_token> const added{{"[CLS]", 2},
                                                 {"[SEP]", 3},
                                                 {"[MASK]", 4, false, true, (bits & 1U) != 0},
                                                 {"the", 10, true},
                                                 {"\u00c9a", 13, (bits & 64U) != 0, true, (bits & 1U) != 0, true},
                                                 {"\u4e2d", 18, false, false, false, (bits & 128U) != 0}};
  examples::wordpiece_settings settings;
  settings.lower_case = (bits & 2U) != 0;
  settings.strip_accents = (bits & 4U) != 0;
  settings.clean_text = (bits & 8U) != 0;
  settings.space_ideographs = (bits & 16U) != 0;
  settings.longest_word = (bits & 32U) != 0 ? 5 : 100;
  return examples::bert_tokenizer(examples::wordpiece(std::move(words), settings, added));
}

void check_tokens(examples::bert_tokenizer const& tokenizer, std::string_view text) {
  examples::byte_span before{0, 0};
  for (auto const& [id, span] : tokenizer.pieces().split(text)) {
    require(id >= 0 && id < tokenizer.words().size());
    require(span.first < span.last && span.last <= text.size());
    require(before.first <= span.first && before.last <= span.last);
    before = span;
  }
}

void check_encoding(examples::encoding const& made, std::size_t longest) {
  auto const count = made.ids.size();
  require(count <= longest && count == made.types.size() && count == made.offsets.size() &&
          count == made.sequence.size());
}

/// Windows without what surrounds them, put together again, are all tokens of the second text, or of the only one.
void check_windows(std::vector<examples::encoding> const& windows, std::size_t longest, std::size_t stride,
                   std::int8_t sequence, std::vector<examples::token> const& all) {
  std::size_t begin = 0;
  std::size_t seen = 0;
  for (auto const& window : windows) {
    check_encoding(window, longest);
    std::size_t at = begin;
    for (std::size_t i = 0; i < window.ids.size(); ++i) {
      if (window.sequence[i] != sequence) { continue; }
      require(at < all.size() && all[at] == examples::token{window.ids[i], window.offsets[i]});
      ++at;
    }
    seen = at;
    begin = at - std::min(at, stride);
  }
  require(seen == all.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 3) { return 0; }
  auto const tokenizer = make_tokenizer(data[0]);
  std::size_t const longest = data[1];
  std::size_t const stride = data[2];
  std::string_view const text(reinterpret_cast<char const*>(data) + 3, size - 3);
  auto const first = text.substr(0, text.find('\n'));
  auto const second = text.substr(std::min(text.size(), first.size() + 1));
  check_tokens(tokenizer, text);
  auto const tokens = tokenizer.pieces().split(second);
  check_encoding(tokenizer.encode(text), text.size() + 2);
  try {
    check_encoding(tokenizer.encode(text, longest), longest);
    check_encoding(tokenizer.encode_pair(first, second, longest), longest);
  } catch (slimfit::value_error const&) { require(longest < 3); }
  try {
    check_windows(tokenizer.windows(second, longest, stride), longest, stride, 0, tokens);
  } catch (slimfit::value_error const&) {}
  try {
    check_windows(tokenizer.pair_windows(first, second, longest, stride), longest, stride, 1, tokens);
  } catch (slimfit::value_error const&) {}
  return 0;
}
