// SPDX-License-Identifier: MIT
// Pictures in folders, one folder for each class: ImageNet's layout. They are decoded when a batch wants them.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/crc32.hpp>
#include <slimfit/io/mapped_file.hpp>

#include "jpeg.hpp"
#include "png.hpp"
#include "preprocessing.hpp"

namespace examples {

/// Files of pictures and the classes they show.
struct image_list {
  std::vector<std::string> classes;  ///< names of their folders, sorted
  std::vector<std::string> paths;
  std::vector<std::int32_t> labels;
  std::vector<std::string> left_out;  ///< what lies beside them and is neither a class nor a picture

  [[nodiscard]] index_t count() const { return std::ssize(paths); }
};

namespace detail {

/// Hidden, or made by a program for itself: no class and no picture, whatever its kind.
inline bool is_hidden(std::string const& name) { return name.starts_with('.') || name == "__MACOSX"; }

/// Names in a folder that `wanted` accepts, sorted, so that they do not depend on the file system.
/// @param left_out gets the paths of the others
/// @throws slimfit::file_error when the folder cannot be read or has none
template <class Wanted>
std::vector<std::string> names_in(std::filesystem::path const& folder, char const* what, Wanted const& wanted,
                                  std::vector<std::string>& left_out) {
  std::vector<std::string> names;
  std::error_code problem;
  std::filesystem::directory_iterator entry(folder, problem);
  for (; !problem && entry != std::filesystem::directory_iterator{}; entry.increment(problem)) {
    auto name = entry->path().filename().string();
    if (!is_hidden(name) && wanted(*entry)) {
      names.push_back(std::move(name));
    } else {
      left_out.push_back(entry->path().string());
    }
  }
  if (problem) {
    throw slimfit::file_error("slimfit: folder " + folder.string() + " could not be read: " + problem.message());
  }
  if (names.empty()) {
    throw slimfit::file_error("slimfit: folder " + folder.string() + " has no " + what + ", expected at least one");
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline bool is_jpeg_file(std::filesystem::directory_entry const& entry) {
  auto ending = entry.path().extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  std::error_code ignored;
  return (ending == ".jpg" || ending == ".jpeg") && entry.is_regular_file(ignored);
}

}  // namespace detail

/// Lists `folder/CLASS/*.jpg`; classes are numbered by their names. Hidden files and folders are left out.
/// @throws slimfit::file_error when there are no classes, or one without pictures
inline image_list list_images(std::filesystem::path const& folder) {
  image_list list;
  auto const is_folder = [](std::filesystem::directory_entry const& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored);
  };
  list.classes = detail::names_in(folder, "folders of classes", is_folder, list.left_out);
  for (std::size_t label = 0; label < list.classes.size(); ++label) {
    auto const place = folder / list.classes[label];
    for (auto const& name : detail::names_in(place, "files *.jpg or *.jpeg", detail::is_jpeg_file, list.left_out)) {
      list.paths.push_back((place / name).string());
      list.labels.push_back(static_cast<std::int32_t>(label));
    }
  }
  std::sort(list.left_out.begin(), list.left_out.end());
  return list;
}

/// "3 files or folders are no pictures or classes and are left out, e.g. train/.DS_Store"; empty when nothing is.
inline std::string left_out_text(image_list const& list) {
  if (list.left_out.empty()) { return {}; }
  auto const count = list.left_out.size();
  return std::to_string(count) + (count == 1 ? " file or folder is" : " files or folders are") +
         " left out: hidden, or no pictures *.jpg or *.jpeg, e.g. " + list.left_out.front();
}

/// @throws slimfit::file_error
inline rgb_image read_picture(std::string const& path) {
  slimfit::mapped_file const file(path);
  return is_png(file.bytes()) ? decode_png(file.bytes(), path) : decode_jpeg(file.bytes(), path);
}

/// `most` pictures, evenly spread over the list and so over its classes; all of them where there are no more, or for 0.
inline image_list spread(image_list list, index_t most) {
  index_t const all = list.count();
  if (most == 0 || most >= all) { return list; }
  for (index_t i = 0; i < most; ++i) {
    auto const to = static_cast<std::size_t>(i);
    auto const from = static_cast<std::size_t>(i * all / most);
    if (from != to) { list.paths[to] = std::move(list.paths[from]); }
    list.labels[to] = list.labels[from];
  }
  list.paths.resize(static_cast<std::size_t>(most));
  list.labels.resize(static_cast<std::size_t>(most));
  return list;
}

/// How pictures become what a network reads.
struct image_view {
  index_t side = 224;
  bool random = false;     ///< a random part, another in each epoch; otherwise the middle
  std::uint64_t seed = 1;  ///< of random parts
  preprocessing how{};
};

class image_folder : public sample_source<float, std::int32_t> {
 public:
  image_folder(image_list list, image_view const& view) : list_(std::move(list)), view_(view) {}

  [[nodiscard]] index_t size() const override { return list_.count(); }
  /// @throws slimfit::file_error when the picture cannot be decoded
  void fill(index_t i, index_t epoch, float* inputs, std::int32_t* labels) const override {
    auto const image = read_picture(list_.paths[static_cast<std::size_t>(i)]);
    auto const& how = view_.how;
    auto const square = view_.random ? square_of(image, draw_view(image.width, image.height, view_.seed, epoch, i),
                                                 view_.side, how.filter)
                                     : evaluation_square(image, how, view_.side);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      std::array<float, 256> value_of;
      for (std::size_t byte = 0; byte < value_of.size(); ++byte) {
        value_of[byte] = how.value(static_cast<double>(byte), channel);
      }
      for (auto from = channel; from < square.pixels.size(); from += 3) { *inputs++ = value_of[square.pixels[from]]; }
    }
    *labels = list_.labels[static_cast<std::size_t>(i)];
  }
  /// Of the names of the pictures and of their classes, and of what is made of a picture: one may be mended, and to
  /// read all would take long.
  [[nodiscard]] std::string checksum() const override {
    slimfit::crc32 sum;
    view_.how.add_to(sum, view_.side);
    for (std::size_t i = 0; i < list_.paths.size(); ++i) {
      auto const& path = list_.paths[i];
      sum.add(list_.classes[static_cast<std::size_t>(list_.labels[i])]).add(path.substr(path.rfind('/')));
    }
    return sum.text();
  }
  [[nodiscard]] std::vector<std::int32_t> const& labels() const { return list_.labels; }

 private:
  image_list list_;
  image_view view_;
};

}  // namespace examples
