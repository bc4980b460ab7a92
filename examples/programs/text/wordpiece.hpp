// SPDX-License-Identifier: MIT
// WordPiece as Hugging Face's BertTokenizer does it: special tokens are taken out of the text, the rest is normalised,
// split into words and punctuation, and each word into the longest entries of the vocabulary. Every token knows the
// bytes of the original text that it came from.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <examples/programs/text/token.hpp>
#include <examples/programs/text/unicode.hpp>

namespace examples {

class wordpiece {
 public:
  wordpiece(vocabulary words, wordpiece_settings settings, std::vector<added_token> added)
      : words_(std::move(words)), settings_(std::move(settings)), added_(std::move(added)) {
    unknown_ = words_.require(settings_.unknown);
    for (token_id id = 0; id < words_.size(); ++id) {
      longest_piece_ = std::max(longest_piece_, words_.token(id).size());  // bytes, which are at least as many
    }
    // The longest of those that begin at one place is the one found.
    std::stable_sort(added_.begin(), added_.end(),
                     [](auto const& a, auto const& b) { return a.text.size() > b.text.size(); });
    scratch work;
    for (auto const& one : added_) {
      if (one.normalized) {
        normalise(one.text, 0, work);
        if (!work.characters.empty()) { add_normalised(work.characters, one); }
      } else {
        begins_[static_cast<std::uint8_t>(one.text.at(0))] = true;
      }
    }
    std::stable_sort(normalised_.begin(), normalised_.end(),
                     [](auto const& a, auto const& b) { return a.characters.size() > b.characters.size(); });
    std::erase_if(added_, [](auto const& one) { return one.normalized; });
  }

  vocabulary const& words() const { return words_; }
  wordpiece_settings const& settings() const { return settings_; }

  /// The tokens of `text`, without those that a model wants around them.
  std::vector<token> split(std::string_view text) const {
    std::vector<token> tokens;
    scratch work;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      auto const* const found = added_at(text, at);
      if (found == nullptr) {
        ++at;
        continue;
      }
      auto first = at;
      auto last = at + found->text.size();
      at = last;
      if (found->single_word && (in_word_before(text, first) || in_word_after(text, last))) { continue; }
      if (last <= begin) { continue; }  // white space that the one before has taken
      if (found->strip_left) {
        while (first > begin && is_space(decode_before(text, first).code)) {
          first -= decode_before(text, first).bytes;
        }
        first = std::max(first, begin);
      }
      if (found->strip_right) {
        while (last < text.size() && is_space(decode(text, last).code)) { last += decode(text, last).bytes; }
      }
      split_plain(text, begin, std::max(begin, first), work, tokens);
      tokens.push_back({found->id, span_of(first, last)});
      // As in Hugging Face's, the next may begin within the white space that this one has taken.
      begin = last;
    }
    split_plain(text, begin, text.size(), work, tokens);
    return tokens;
  }

 private:
  struct character {
    char32_t code;
    byte_span span;
  };
  struct normalised_token {
    std::vector<character> characters;
    added_token token;
  };
  struct scratch {
    std::vector<character> characters;
    std::vector<character> parts;
    std::vector<bool> starts;
    std::vector<std::size_t> ends;
    std::string word;
  };

  static bool same_code(character const& a, character const& b) { return a.code == b.code; }

  /// @throws slimfit::file_error when two tokens become the same: which of them Hugging Face's finds is chance
  void add_normalised(std::vector<character> const& characters, added_token const& one) {
    for (auto const& other : normalised_) {
      if (other.token.id != one.id && std::equal(characters.begin(), characters.end(), other.characters.begin(),
                                                 other.characters.end(), same_code)) {
        throw slimfit::file_error("slimfit: the added tokens \"" + other.token.text + "\" and \"" + one.text +
                                  "\" are the same in normalised text, expected tokens that differ there");
      }
    }
    normalised_.push_back({characters, one});
  }

  static byte_span span_of(std::size_t first, std::size_t last) {
    return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)};
  }
  static bool in_word_before(std::string_view text, std::size_t at) {
    return at > 0 && is_word_character(decode_before(text, at).code);
  }
  static bool in_word_after(std::string_view text, std::size_t at) {
    return at < text.size() && is_word_character(decode(text, at).code);
  }

  added_token const* added_at(std::string_view text, std::size_t at) const {
    if (!begins_[static_cast<std::uint8_t>(text[at])]) { return nullptr; }
    for (auto const& one : added_) {
      if (text.substr(at).starts_with(one.text)) { return &one; }
    }
    return nullptr;
  }

  void split_plain(std::string_view text, std::size_t first, std::size_t last, scratch& work,
                   std::vector<token>& tokens) const {
    normalise(text.substr(0, last), first, work);
    auto const& all = work.characters;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < all.size();) {
      auto const* const found = normalised_at(all, at);
      if (found == nullptr) {
        ++at;
        continue;
      }
      auto from = at;
      auto to = at + found->characters.size();
      at = to;
      bool const in_word =
          (from > 0 && is_word_character(all[from - 1].code)) || (to < all.size() && is_word_character(all[to].code));
      if ((found->token.single_word && in_word) || to <= begin) { continue; }
      if (found->token.strip_left) {
        while (from > begin && is_space(all[from - 1].code)) { --from; }
        from = std::max(from, begin);
      }
      while (found->token.strip_right && to < all.size() && is_space(all[to].code)) { ++to; }
      split_words(begin, from, work, tokens);
      tokens.push_back({found->token.id, {all[from].span.first, all[to - 1].span.last}});
      begin = to;
    }
    split_words(begin, all.size(), work, tokens);
  }

  normalised_token const* normalised_at(std::vector<character> const& all, std::size_t at) const {
    for (auto const& one : normalised_) {
      auto const& wanted = one.characters;
      if (wanted.size() <= all.size() - at &&
          std::equal(wanted.begin(), wanted.end(), all.begin() + static_cast<std::ptrdiff_t>(at), same_code)) {
        return &one;
      }
    }
    return nullptr;
  }

  /// Characters `first` to `last` of the normalised text.
  void split_words(std::size_t first, std::size_t last, scratch& work, std::vector<token>& tokens) const {
    auto const& characters = work.characters;
    for (auto at = first; at < last;) {
      auto const code = characters[at].code;
      if (is_space(code)) {
        ++at;
        continue;
      }
      auto end = at + 1;
      if (!is_punctuation(code)) {
        while (end < last && !is_space(characters[end].code) && !is_punctuation(characters[end].code)) { ++end; }
      }
      split_word(at, end, work, tokens);
      at = end;
    }
  }

  void normalise(std::string_view text, std::size_t first, scratch& work) const {
    auto& out = work.characters;
    out.clear();
    for (auto at = first; at < text.size();) {
      auto const [code, bytes] = decode(text, at);
      auto const span = span_of(at, at + bytes);
      at += bytes;
      if (settings_.clean_text && is_removed(code)) { continue; }
      if (settings_.space_ideographs && is_ideograph(code)) {
        out.insert(out.end(), {{U' ', span}, {code, span}, {U' ', span}});
      } else {
        out.push_back({settings_.clean_text && is_space(code) ? U' ' : code, span});
      }
    }
    if (settings_.strip_accents) { strip_accents(work); }
    if (settings_.lower_case) {
      work.parts.clear();
      for (auto const& one : out) {
        lower_case(one.code, [&](char32_t code) { work.parts.push_back({code, one.span}); });
      }
      out.swap(work.parts);
    }
  }

  /// Decomposes, brings combining characters into canonical order and drops nonspacing marks. As in Hugging Face's,
  /// what begins a character's decomposition takes the next span of the text, so spans stay in order.
  static void strip_accents(scratch& work) {
    auto& parts = work.parts;
    auto& starts = work.starts;
    parts.clear();
    starts.clear();
    bool reorder = false;
    for (auto const& one : work.characters) {
      bool start = true;
      decompose(one.code, [&](char32_t code) {
        parts.push_back({code, one.span});
        starts.push_back(start);
        start = false;
        reorder = reorder || combining_class(code) != 0;
      });
    }
    if (reorder) { order_marks(work); }
    std::erase_if(parts, [](auto const& one) { return is_nonspacing_mark(one.code); });
    work.characters.swap(parts);
  }

  static void order_marks(scratch& work) {
    auto& parts = work.parts;
    std::vector<std::pair<char32_t, bool>> run;
    std::size_t source = 0;
    auto const span_from = [&](bool start) {
      if (start) { ++source; }
      return work.characters[source == 0 ? 0 : source - 1].span;
    };
    for (std::size_t at = 0; at < parts.size();) {
      auto end = at;
      run.clear();
      while (end < parts.size() && (end == at || combining_class(parts[end].code) != 0)) {
        run.emplace_back(parts[end].code, work.starts[end]);
        ++end;
      }
      std::stable_sort(run.begin(), run.end(), [](auto const& a, auto const& b) {
        return combining_class(a.first) < combining_class(b.first);
      });
      for (auto const& [code, start] : run) { parts[at++] = {code, span_from(start)}; }
    }
  }

  void split_word(std::size_t first, std::size_t last, scratch& work, std::vector<token>& tokens) const {
    auto const& characters = work.characters;
    byte_span const whole{characters[first].span.first, characters[last - 1].span.last};
    if (last - first > settings_.longest_word) {
      tokens.push_back({unknown_, whole});
      return;
    }
    auto const kept = tokens.size();
    for (auto at = first; at < last;) {
      auto& piece = work.word;
      piece = at == first ? "" : settings_.continuation;
      work.ends.clear();
      auto const farthest = std::min(last, at + longest_piece_);
      for (auto next = at; next < farthest; ++next) {
        slimfit::append_utf8(piece, characters[next].code);
        work.ends.push_back(piece.size());
      }
      auto end = farthest;
      auto id = vocabulary::none;
      for (; end > at; --end) {
        id = words_.find(std::string_view(piece).substr(0, work.ends[end - at - 1]));
        if (id != vocabulary::none) { break; }
      }
      if (id == vocabulary::none) {
        tokens.resize(kept);
        tokens.push_back({unknown_, whole});
        return;
      }
      tokens.push_back({id, {characters[at].span.first, characters[end - 1].span.last}});
      at = end;
    }
  }

  vocabulary words_;
  wordpiece_settings settings_;
  std::vector<added_token> added_;  // those that are looked for in the text as it stands
  std::vector<normalised_token> normalised_;
  bool begins_[256] = {};
  token_id unknown_ = 0;
  std::size_t longest_piece_ = 1;  // characters of the vocabulary's longest entry: no more can be found at once
};

}  // namespace examples
