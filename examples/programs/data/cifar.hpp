// SPDX-License-Identifier: MIT
// Reads CIFAR-10's and CIFAR-100's binary files (Krizhevsky 2009): records of one or two label bytes and 3 x 32 x 32
// bytes of pixels. Strict: a file that is no whole number of records or has a label out of range is an error.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/mapped_file.hpp>

#include "colour_images.hpp"

namespace examples {

/// What the records of a file look like.
struct cifar_layout {
  int labels;  ///< label bytes; the last one counts (CIFAR-100 has coarse ones before it)
  int classes;
};
inline constexpr cifar_layout cifar_10{1, 10};
inline constexpr cifar_layout cifar_100{2, 100};

/// Appends the images of a file to `target`, at most until there are `most`; 0: all.
/// @throws slimfit::file_error
inline void read_cifar(std::string const& path, cifar_layout const& layout, slimfit::index_t most,
                       colour_images& target) {
  slimfit::mapped_file const file(path);
  auto const bytes = file.bytes();
  constexpr std::size_t pixels = 3 * 32 * 32;
  auto const labels = static_cast<std::size_t>(layout.labels);
  auto const record = labels + pixels;
  if (bytes.empty() || bytes.size() % record != 0) {
    throw slimfit::file_error("slimfit: " + path + " has " + std::to_string(bytes.size()) +
                              " bytes, expected a whole number of records of " + std::to_string(record));
  }
  target.side = 32;
  for (std::size_t first = 0; first < bytes.size(); first += record) {
    if (most > 0 && target.count() >= most) { return; }
    auto const label = static_cast<int>(bytes[first + labels - 1]);
    if (label >= layout.classes) {
      throw slimfit::file_error("slimfit: " + path + " has label " + std::to_string(label) + " in record " +
                                std::to_string(first / record) + ", expected labels below " +
                                std::to_string(layout.classes));
    }
    target.labels.push_back(label);
    auto const before = target.pixels.size();
    target.pixels.resize(before + pixels);
    std::memcpy(target.pixels.data() + before, bytes.data() + first + labels, pixels);
  }
}

}  // namespace examples
