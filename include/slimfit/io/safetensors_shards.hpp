// SPDX-License-Identifier: MIT
// A folder's tensors in one file or several. `model.safetensors.index.json` says in which file each tensor is; names
// that lead out of the folder are refused, and so are files that hold other tensors than the index says.
#pragma once

#include <list>
#include <map>
#include <string>
#include <string_view>

#include <slimfit/io/safetensors_reader.hpp>

namespace slimfit {

/// File names by tensor name, from the text of `model.safetensors.index.json`.
/// @throws file_error
template <class = void>
std::map<std::string, std::string> parse_shard_index(std::string_view text, std::string const& source) {
  detail::json_cursor cursor(text, source, "index");
  std::map<std::string, std::string> files;
  bool found = false;
  cursor.object([&](std::string const& key) {
    if (key != "weight_map") { return cursor.skip(); }
    if (std::exchange(found, true)) { cursor.fail("expected one weight_map"); }
    cursor.object([&](std::string const& tensor) {
      auto const file = cursor.string();
      bool const leads_out = file.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos;
      if (file.empty() || file == "." || file == ".." || leads_out) {
        cursor.fail("file of " + tensor + " is \"" + file + "\", expected the name of a file in the same folder");
      }
      if (!files.try_emplace(tensor, file).second) { cursor.fail("expected tensor " + tensor + " once"); }
    });
  });
  cursor.expect_end();
  if (!found) { cursor.fail("expected a weight_map"); }
  return files;
}

/// See `safetensors_folder`.
template <class File>
class basic_safetensors_folder {
 public:
  /// @throws file_error when a file is missing or malformed, or index and files disagree.
  explicit basic_safetensors_folder(std::string const& folder) : source_(folder) {
    auto const whole = folder + "/model.safetensors";
    auto const index = whole + ".index.json";
    if (::access(whole.c_str(), F_OK) == 0 || ::access(index.c_str(), F_OK) != 0) {
      auto const& file = files_.emplace_back(whole, model_tensors);
      for (auto const& [name, tensor] : file.tensors()) { places_[name] = &file; }
      return;
    }
    mapped_file const mapped(index, model_text);
    auto const map = parse_shard_index(mapped.text(), index);
    std::map<std::string, File const*> opened;
    for (auto const& [name, file_name] : map) {
      auto const path = folder + "/" + file_name;
      auto& file = opened[file_name];
      if (file == nullptr) { file = &files_.emplace_back(path, model_tensors); }
      if (!file->contains(name)) { fail(index, name, "is not in " + path); }
      places_[name] = file;
    }
    for (auto const& [file_name, file] : opened) {
      for (auto const& [name, tensor] : file->tensors()) {
        auto const place = map.find(name);
        if (place == map.end() || place->second != file_name) { fail(index, name, "is in " + file_name + " as well"); }
      }
    }
  }
  basic_safetensors_folder(basic_safetensors_folder const&) = delete;
  basic_safetensors_folder& operator=(basic_safetensors_folder const&) = delete;

  /// The file that holds each tensor, by the tensor's name.
  [[nodiscard]] std::map<std::string, File const*> const& places() const { return places_; }
  [[nodiscard]] bool contains(std::string const& name) const { return places_.contains(name); }
  /// @throws file_error when there is no such tensor.
  [[nodiscard]] File const& file_of(std::string const& name) const {
    auto const found = places_.find(name);
    if (found == places_.end()) {
      throw file_error("slimfit: " + source_ + ": tensor " + name + " is missing" +
                       detail::found_instead(name, places_));
    }
    return *found->second;
  }
  [[nodiscard]] tensor_view const& at(std::string const& name) const { return file_of(name).at(name); }
  /// As `safetensors_view::read_into`.
  template <tensor_element T>
  void read_into(std::string const& name, std::span<index_t const> shape, T* target) const {
    file_of(name).read_into(name, shape, target);
  }

 private:
  [[noreturn]] static void fail(std::string const& index, std::string const& name, std::string const& what) {
    throw file_error("slimfit: " + index + ": tensor " + name + " " + what + ", expected it where the index says");
  }

  std::string source_;
  std::list<File> files_;
  std::map<std::string, File const*> places_;
};

/// All tensors of a folder: of `model.safetensors`, or else of the files that its index names. Files are mapped, and
/// tensors read when they are touched.
using safetensors_folder = basic_safetensors_folder<safetensors_file>;

}  // namespace slimfit
