// SPDX-License-Identifier: MIT
// Reads IDX files, the format of MNIST and Fashion-MNIST, plain or compressed with gzip (link with zlib). Strict: a
// file that is cut, too long or of another kind is an error that says what was expected.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <zlib.h>
#include <slimfit/core/config.hpp>
#include <slimfit/io/mapped_file.hpp>

namespace examples {

using slimfit::index_t;

/// Grey images, one byte a pixel, row by row.
struct idx_images {
  index_t count = 0;
  index_t rows = 0;
  index_t columns = 0;
  std::vector<std::uint8_t> pixels;
};

/// Images with their labels.
struct labelled_images {
  idx_images images;
  std::vector<std::uint8_t> labels;
};

namespace detail {

/// Of one file, decompressed. The largest data set in this format, EMNIST, has 0.6 GB.
inline constexpr index_t largest_idx_data = slimfit::GiB;

class idx_reader {
 public:
  explicit idx_reader(std::string const& path) : path_(path), file_(nullptr, &gzclose) {
    slimfit::mapped_file const whole(path);  // a regular file
    stored_bytes_ = std::ssize(whole.bytes());
    file_.reset(gzopen(path.c_str(), "rb"));
    if (file_ == nullptr) { fail("could not be opened"); }
  }

  /// A header word, most significant byte first.
  std::uint32_t word(char const* name) {
    std::uint8_t bytes[4] = {};
    if (read(bytes, 4) != 4) { fail(std::string("ends within its header, expected ") + name); }
    return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U | std::uint32_t{bytes[2]} << 8U | bytes[3];
  }
  void expect_magic(std::uint32_t magic, char const* kind) {
    if (auto const found = word("a magic number"); found != magic) {
      fail("has magic number " + std::to_string(found) + ", expected " + std::to_string(magic) + " (" + kind + ")");
    }
  }
  /// Refuses what the file cannot hold, and more than any data set of this kind has: a small compressed file may
  /// decompress to as much as its header says.
  /// @param count bytes after the header
  void require_plausible_size(index_t count) const {
    constexpr index_t densest = 1032;  // deflate's greatest compression
    if (count > densest * stored_bytes_) {
      fail("has " + std::to_string(stored_bytes_) + " bytes, expected more for " + std::to_string(count) +
           " bytes of data");
    }
    if (count > largest_idx_data) {
      fail("says that it holds " + std::to_string(count) + " bytes of data, expected at most " +
           std::to_string(largest_idx_data));
    }
  }
  /// Everything after the header: exactly `count` bytes. Memory grows with what is really there, so a damaged header
  /// cannot ask for more than the file holds.
  std::vector<std::uint8_t> rest(index_t count) {
    require_plausible_size(count);
    constexpr index_t piece = slimfit::MiB;
    std::vector<std::uint8_t> bytes;
    while (static_cast<index_t>(bytes.size()) < count) {
      auto const before = static_cast<index_t>(bytes.size());
      auto const wanted = std::min(piece, count - before);
      bytes.resize(static_cast<std::size_t>(before + wanted));
      auto const got = read(bytes.data() + before, wanted);
      if (got != wanted) {
        fail("holds " + std::to_string(before + got) + " bytes of data, expected " + std::to_string(count));
      }
    }
    std::uint8_t extra = 0;
    if (read(&extra, 1) != 0) { fail("goes on after its data, expected " + std::to_string(count) + " bytes"); }
    return bytes;
  }
  [[noreturn]] void fail(std::string const& what) const { throw slimfit::file_error("slimfit: " + path_ + " " + what); }

 private:
  index_t read(std::uint8_t* target, index_t count) {
    int const got = gzread(file_.get(), target, static_cast<unsigned>(count));
    int code = Z_OK;
    char const* const reason = gzerror(file_.get(), &code);
    // Where compressed data ends early zlib hands out what there is and only notes it.
    if (got < 0 || code == Z_BUF_ERROR) { fail(std::string("could not be decompressed: ") + reason); }
    return got;
  }

  std::string path_;
  index_t stored_bytes_ = 0;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace detail

/// @throws slimfit::file_error
inline idx_images read_idx_images(std::string const& path) {
  detail::idx_reader file(path);
  file.expect_magic(0x803, "unsigned bytes in three dimensions");
  idx_images images;
  images.count = file.word("the number of images");
  images.rows = file.word("the number of rows");
  images.columns = file.word("the number of columns");
  constexpr index_t largest_side = 1 << 14;  // keeps the product below far from overflow
  if (images.rows < 1 || images.columns < 1 || images.rows > largest_side || images.columns > largest_side) {
    file.fail("has images of " + std::to_string(images.rows) + " x " + std::to_string(images.columns) +
              " pixels, expected sides of 1 to " + std::to_string(largest_side));
  }
  images.pixels = file.rest(images.count * images.rows * images.columns);
  return images;
}

/// @param classes labels must be below
/// @throws slimfit::file_error
inline std::vector<std::uint8_t> read_idx_labels(std::string const& path, int classes) {
  detail::idx_reader file(path);
  file.expect_magic(0x801, "unsigned bytes in one dimension");
  auto labels = file.rest(file.word("the number of labels"));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      file.fail("has label " + std::to_string(labels[i]) + " at position " + std::to_string(i) +
                ", expected labels below " + std::to_string(classes));
    }
  }
  return labels;
}

/// Images and labels that belong together.
/// @throws slimfit::file_error
inline labelled_images read_idx(std::string const& images, std::string const& labels, int classes) {
  labelled_images result{read_idx_images(images), read_idx_labels(labels, classes)};
  if (result.images.count != static_cast<index_t>(result.labels.size())) {
    throw slimfit::file_error("slimfit: " + labels + " has " + std::to_string(result.labels.size()) +
                              " labels, expected as many as " + images + " has images, " +
                              std::to_string(result.images.count));
  }
  return result;
}

}  // namespace examples
