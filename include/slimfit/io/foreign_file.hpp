// SPDX-License-Identifier: MIT
// What a file is that was taken for safetensors, or for JSON, and is not: for errors that say what to do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <slimfit/core/error.hpp>

namespace slimfit::detail {

/// Whether `text` is a git-lfs pointer: a few lines that stand for a file in repositories.
inline bool is_lfs_pointer(std::string_view text) {
  return text.starts_with("version https://git-lfs.github.com/spec/") || text.starts_with("version https://hawser");
}

inline constexpr char const* lfs_pointer_words =
    "is a git-lfs pointer, expected the file that it stands for: run git lfs pull in its repository";

/// @throws file_error where a text is a git-lfs pointer. @param source the file
inline void require_no_lfs_pointer(std::string_view text, std::string const& source) {
  if (is_lfs_pointer(text)) { throw file_error("slimfit: " + source + ": " + lfs_pointer_words); }
}

/// What a file is whose first eight bytes are not the length of a header that fits into it, and what helps, where they
/// show it; empty where they do not.
inline std::string foreign_file(std::span<std::byte const> file) {
  using namespace std::string_view_literals;
  std::string_view const text(reinterpret_cast<char const*>(file.data()), file.size());
  if (is_lfs_pointer(text)) { return lfs_pointer_words; }
  if (text.starts_with("PK\x03\x04"sv) || (text.size() > 1 && text[0] == '\x80' && text[1] >= 0 && text[1] <= 5)) {
    return "is what torch.save writes (a zip archive or a pickle), expected safetensors: load it in PyTorch and "
           "write it with safetensors.torch.save_file";
  }
  // The length that safetensors begin with has zeros in its upper bytes.
  auto const start = text.substr(0, 40);
  auto const is_printed = [](char c) { return (c >= ' ' && c != '\x7f') || c == '\n' || c == '\r' || c == '\t'; };
  if (start.empty() || !std::all_of(start.begin(), start.end(), is_printed)) { return {}; }
  auto line = std::string(start.substr(0, start.find_first_of("\r\n")));
  return "is a text file that begins with \"" + line + "\", expected safetensors";
}

}  // namespace slimfit::detail
