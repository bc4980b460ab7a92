// SPDX-License-Identifier: MIT
// What a BERT model reads: one text or a pair between [CLS] and [SEP], truncated as Hugging Face does it, or cut into
// overlapping windows of which each is a full input (SQuAD).
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include <examples/programs/text/wordpiece.hpp>

namespace examples {

/// One input of a model. Lengths are those of the tokens; padding is the batch's matter.
struct encoding {
  std::vector<token_id> ids;
  std::vector<token_id> types;        // 0 for the first text and what surrounds it, 1 for the second and its [SEP]
  std::vector<byte_span> offsets;     // bytes of UTF-8 in the token's own text; {0, 0} for [CLS] and [SEP]
  std::vector<std::int8_t> sequence;  // 0 or 1: the text that a token is from; -1 for [CLS] and [SEP]
};

/// The tokens around texts, and whether those of a second text have a type of their own.
struct frame_ids {
  token_id begin = vocabulary::none;
  token_id end = vocabulary::none;
  token_id padding = vocabulary::none;  ///< none where the tokenizer names no such token
  bool gives_types = true;
};

class bert_tokenizer {
 public:
  /// With BERT's usual [CLS], [SEP] and [PAD].
  explicit bert_tokenizer(wordpiece pieces)
      : pieces_(std::move(pieces)),
        ids_{pieces_.words().require("[CLS]"), pieces_.words().require("[SEP]"), pieces_.words().require("[PAD]")} {}
  bert_tokenizer(wordpiece pieces, frame_ids const& ids) : pieces_(std::move(pieces)), ids_(ids) {}

  vocabulary const& words() const { return pieces_.words(); }
  wordpiece const& pieces() const { return pieces_; }
  frame_ids const& frame() const { return ids_; }

  /// @param longest tokens including [CLS] and [SEP]; what is too long loses its end
  encoding encode(std::string_view text, std::optional<std::size_t> longest = {}) const {
    auto first = pieces_.split(text);
    if (longest) { first.resize(std::min(first.size(), room(*longest, 2))); }
    return assemble(first);
  }

  /// Truncated "longest first": the longer text loses tokens until both are equal, then both.
  encoding encode_pair(std::string_view first_text, std::string_view second_text,
                       std::optional<std::size_t> longest = {}) const {
    auto first = pieces_.split(first_text);
    auto second = pieces_.split(second_text);
    if (longest) { truncate_longest_first(first, second, room(*longest, 3)); }
    return assemble(first, second);
  }

  /// The text in windows that overlap by `stride` tokens; one that fits gives one window.
  std::vector<encoding> windows(std::string_view text, std::size_t longest, std::size_t stride) const {
    auto const tokens = pieces_.split(text);
    std::vector<encoding> all;
    for (auto const& window : cut(tokens, room(longest, 2), stride)) { all.push_back(assemble(window)); }
    return all;
  }

  /// The same of a pair whose first text stays whole and whose second is cut: "only second", SQuAD's question and
  /// context.
  std::vector<encoding> pair_windows(std::string_view first_text, std::string_view second_text, std::size_t longest,
                                     std::size_t stride) const {
    auto const first = pieces_.split(first_text);
    auto const second = pieces_.split(second_text);
    auto const total = room(longest, 3);
    if (first.size() + second.size() > total && first.size() >= total) {
      throw slimfit::value_error(slimfit::mismatch("the first text's number of tokens", first.size(),
                                                   "less than " + std::to_string(total) +
                                                       " when the second is cut to " + std::to_string(longest) +
                                                       " tokens in all"));
    }
    std::vector<encoding> all;
    for (auto const& window : cut(second, total - std::min(total, first.size()), stride)) {
      all.push_back(assemble(first, window));
    }
    return all;
  }

 private:
  using tokens = std::vector<token>;

  static std::size_t room(std::size_t longest, std::size_t surrounding) {
    if (longest < surrounding) {
      throw slimfit::value_error(slimfit::mismatch("the greatest number of tokens", longest,
                                                   "at least " + std::to_string(surrounding) + " for [CLS] and [SEP]"));
    }
    return longest - surrounding;
  }

  static void truncate_longest_first(tokens& first, tokens& second, std::size_t total) {
    if (first.size() + second.size() <= total) { return; }
    bool const swapped = first.size() > second.size();
    auto shorter = std::min(first.size(), second.size());
    auto longer = shorter > total ? shorter : std::max(shorter, total - shorter);
    if (shorter + longer > total) {
      shorter = total / 2;
      longer = shorter + total % 2;
    }
    first.resize(std::min(first.size(), swapped ? longer : shorter));
    second.resize(std::min(second.size(), swapped ? shorter : longer));
  }

  static std::vector<tokens> cut(tokens const& all, std::size_t longest, std::size_t stride) {
    if (all.size() <= longest) { return {all}; }
    if (stride >= longest) {
      throw slimfit::value_error(slimfit::mismatch(
          "stride", stride, "less than the " + std::to_string(longest) + " tokens that a window has room for"));
    }
    std::vector<tokens> pieces;
    for (std::size_t at = 0;; at += longest - stride) {
      auto const end = std::min(at + longest, all.size());
      pieces.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(at),
                          all.begin() + static_cast<std::ptrdiff_t>(end));
      if (end == all.size()) { return pieces; }
    }
  }

  encoding assemble(tokens const& first) const {
    encoding made;
    append(made, {ids_.begin, {}}, 0, -1);
    for (auto const& one : first) { append(made, one, 0, 0); }
    append(made, {ids_.end, {}}, 0, -1);
    return made;
  }
  encoding assemble(tokens const& first, tokens const& second) const {
    auto made = assemble(first);
    token_id const type = ids_.gives_types ? 1 : 0;
    for (auto const& one : second) { append(made, one, type, 1); }
    append(made, {ids_.end, {}}, type, -1);
    return made;
  }
  static void append(encoding& made, token const& one, token_id type, std::int8_t sequence) {
    made.ids.push_back(one.id);
    made.types.push_back(type);
    made.offsets.push_back(one.span);
    made.sequence.push_back(sequence);
  }

  wordpiece pieces_;
  frame_ids ids_;
};

}  // namespace examples
