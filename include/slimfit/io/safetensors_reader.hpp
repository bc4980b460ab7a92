// SPDX-License-Identifier: MIT
// Reads safetensors files: an 8-byte length, a JSON header, then the tensors' bytes. The header is checked whole before
// anything is used: offsets inside the file, no overlap, no gap, lengths that agree with shapes.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/dtype.hpp>
#include <slimfit/io/foreign_file.hpp>
#include <slimfit/io/json_cursor.hpp>
#include <slimfit/io/mapped_file.hpp>
#include <slimfit/io/tensor_names.hpp>

namespace slimfit {

/// A tensor in a file. `bytes` may start at any address; read elements with memcpy or `read_into`.
struct tensor_view {
  dtype type = dtype::unknown;
  std::string type_name;  ///< as in the file
  std::vector<index_t> shape;
  std::span<std::byte const> bytes;
};

/// "[2, 3]"
inline std::string shape_text(std::span<index_t const> shape) {
  std::string text = "[";
  for (auto const extent : shape) { text += (text.size() > 1 ? ", " : "") + std::to_string(extent); }
  return text + "]";
}

/// Product of the extents times `bytes`; -1 when it overflows.
constexpr index_t shape_bytes(std::span<index_t const> shape, index_t bytes) {
  index_t product = bytes;
  bool empty = false;
  for (auto const extent : shape) { empty = empty || extent == 0; }
  if (empty) { return 0; }
  for (auto const extent : shape) {
    if (extent < 0 || product > INT64_MAX / extent) { return -1; }
    product *= extent;
  }
  return product;
}

/// See `safetensors_view`. A template, as all that follows here and whatever reads or writes files, so that only
/// programs that do so compile it.
template <class = void>
class basic_safetensors_view {
 public:
  /// The format's own limit for headers.
  static constexpr index_t largest_header = 100'000'000;

  /// @param source named in errors
  /// @throws file_error for anything that is not a well-formed file.
  basic_safetensors_view(std::span<std::byte const> file, std::string source) : source_(std::move(source)) {
    parse(file);
  }

  /// All tensors by name.
  [[nodiscard]] std::map<std::string, tensor_view> const& tensors() const { return tensors_; }
  [[nodiscard]] bool contains(std::string const& name) const { return tensors_.contains(name); }
  /// @throws file_error when there is no such tensor.
  [[nodiscard]] tensor_view const& at(std::string const& name) const {
    auto const found = tensors_.find(name);
    if (found == tensors_.end()) { fail("tensor " + name + " is missing" + detail::found_instead(name, tensors_)); }
    return found->second;
  }
  /// The `__metadata__` strings.
  [[nodiscard]] std::map<std::string, std::string> const& metadata() const { return metadata_; }
  /// The header's text, with the spaces that fill it up.
  [[nodiscard]] std::string_view header() const { return header_; }
  /// What errors call the file.
  [[nodiscard]] std::string const& source() const { return source_; }

  /// Copies a tensor to `target`, converted: floating types to floating types, integers to integers.
  /// @throws file_error when it is missing, has another shape or kind of type, or holds integers that `T` does not;
  /// nothing was written then.
  template <tensor_element T>
  void read_into(std::string const& name, std::span<index_t const> shape, T* target) const {
    auto const& tensor = at(name);
    if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
      fail("tensor " + name + " has shape " + shape_text(tensor.shape) + ", expected " + shape_text(shape));
    }
    if (tensor.type == dtype::unknown || is_floating(tensor.type) != is_floating_element<T>) {
      fail("tensor " + name + " has type " + tensor.type_name + ", expected " +
           (is_floating_element<T> ? "F64, F32, F16 or BF16" : "I64, I32, I16, I8, U8 or BOOL"));
    }
    with_dtype(tensor.type, [&]<class From>(From) {
      if constexpr (is_floating_element<From> == is_floating_element<T>) { convert<From>(name, tensor, target); }
    });
  }
  /// The same with a shape in braces: `read_into("head.weight", {10, 768}, data)`.
  template <tensor_element T>
  void read_into(std::string const& name, std::initializer_list<index_t> shape, T* target) const {
    read_into(name, std::span<index_t const>(shape.begin(), shape.size()), target);
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw file_error("slimfit: " + source_ + ": " + what); }

  template <class From, class T>
  void convert(std::string const& name, tensor_view const& tensor, T* target) const {
    std::size_t const count = tensor.bytes.size() / sizeof(From);
    if (count == 0) { return; }
    if constexpr (std::same_as<From, T>) {
      std::memcpy(target, tensor.bytes.data(), tensor.bytes.size());
      return;
    }
    auto const element = [&](std::size_t i) {
      From value;
      std::memcpy(&value, tensor.bytes.data() + i * sizeof(From), sizeof(From));
      return value;
    };
    if constexpr (!is_floating_element<T>) {
      for (std::size_t i = 0; i < count; ++i) {
        if (!std::in_range<T>(element(i))) { fail(mismatch_in(name, i, std::to_string(element(i)))); }
      }
    }
    for (std::size_t i = 0; i < count; ++i) { target[i] = convert_element<T>(element(i)); }
  }
  static std::string mismatch_in(std::string const& name, std::size_t i, std::string const& value) {
    return "tensor " + name + ", element " + std::to_string(i) + " is " + value + ", expected a number in range";
  }

  struct extent {  // of a tensor, in bytes after the header
    index_t begin, end;
    std::string const* name;
  };

  void parse(std::span<std::byte const> file) {
    std::uint64_t length = 0;
    if (file.size() >= 8) { std::memcpy(&length, file.data(), 8); }
    bool const fits = file.size() >= 8 && length <= std::uint64_t{largest_header} && length <= file.size() - 8;
    if (auto const other = fits ? std::string{} : detail::foreign_file(file); !other.empty()) { fail(other); }
    if (file.size() < 8) { fail("has " + std::to_string(file.size()) + " bytes, expected at least 8"); }
    if (!fits) {
      fail("header length is " + std::to_string(length) + ", expected at most the rest of the file and 100000000");
    }
    std::size_t const size = length;
    std::string_view const text(reinterpret_cast<char const*>(file.data()) + 8, size);
    header_ = text;
    if (text.empty() || text.front() != '{') { fail("header starts with another character, expected '{'"); }
    parse_header(text, file.subspan(8 + size));
  }

  void parse_header(std::string_view text, std::span<std::byte const> data) {
    detail::json_cursor cursor(text, source_);
    std::vector<extent> extents;
    bool has_metadata = false;
    cursor.object([&](std::string const& key) {
      if (key == "__metadata__") {
        if (std::exchange(has_metadata, true)) { fail("has __metadata__ twice"); }
        parse_metadata(cursor);
        return;
      }
      auto const [entry, is_new] = tensors_.try_emplace(key);
      if (!is_new) { fail("has tensor " + key + " twice"); }
      extents.push_back(parse_tensor(cursor, entry->first, entry->second, data));
    });
    cursor.expect_end();
    check_cover(extents, static_cast<index_t>(data.size()));
  }

  void parse_metadata(detail::json_cursor& cursor) {
    cursor.object([&](std::string const& key) {
      if (!metadata_.try_emplace(key, cursor.string()).second) { fail("has metadata " + key + " twice"); }
    });
  }

  extent parse_tensor(detail::json_cursor& cursor, std::string const& name, tensor_view& tensor,
                      std::span<std::byte const> data) const {
    std::vector<index_t> offsets;
    int seen[3] = {};
    cursor.object([&](std::string const& key) {
      if (key == "dtype") {
        ++seen[0];
        tensor.type_name = cursor.string();
        tensor.type = dtype_of_name(tensor.type_name);
      } else if (key == "shape") {
        ++seen[1];
        cursor.array([&] { tensor.shape.push_back(cursor.integer()); });
      } else if (key == "data_offsets") {
        ++seen[2];
        cursor.array([&] { offsets.push_back(cursor.integer()); });
      } else {
        cursor.fail("tensor " + name + " has " + key + ", expected dtype, shape and data_offsets");
      }
    });
    if (seen[0] != 1 || seen[1] != 1 || seen[2] != 1 || offsets.size() != 2) {
      fail("tensor " + name + ": expected dtype, shape and two data_offsets, once each");
    }
    index_t const begin = offsets[0];
    index_t const end = offsets[1];
    if (begin > end || end > static_cast<index_t>(data.size())) {
      fail("tensor " + name + " has bytes " + std::to_string(begin) + " to " + std::to_string(end) +
           ", expected them within the file's " + std::to_string(data.size()));
    }
    // A type this library does not know may still be skipped; it is refused when it is read.
    if (tensor.type != dtype::unknown && shape_bytes(tensor.shape, dtype_bytes(tensor.type)) != end - begin) {
      fail("tensor " + name + " has " + std::to_string(end - begin) + " bytes, expected as many as " +
           tensor.type_name + " " + shape_text(tensor.shape) + " takes");
    }
    tensor.bytes = data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    return {begin, end, &name};
  }

  void check_cover(std::vector<extent>& extents, index_t size) const {
    std::sort(extents.begin(), extents.end(),
              [](extent const& a, extent const& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
    index_t covered = 0;
    for (auto const& each : extents) {
      if (each.begin != covered) {
        fail("tensor " + *each.name + " starts at byte " + std::to_string(each.begin) + ", expected " +
             std::to_string(covered) + " (no gaps, no overlaps)");
      }
      covered = each.end;
    }
    if (covered != size) {
      fail("has " + std::to_string(size) + " bytes of tensors, expected " + std::to_string(covered));
    }
  }

  std::string source_;
  std::string_view header_;
  std::map<std::string, tensor_view> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A safetensors file that lies in memory; the memory must outlive it.
using safetensors_view = basic_safetensors_view<>;

/// See `safetensors_file`.
template <class Contents>
class mapped_safetensors : mapped_file, public Contents {
 public:
  /// @throws file_error when the file is missing or malformed.
  explicit mapped_safetensors(std::string const& path, file_rules const& rules = {})
      : mapped_file(path, rules), Contents(bytes(), path) {}
};
/// A safetensors file on disk. Tensors are read when they are touched.
using safetensors_file = mapped_safetensors<safetensors_view>;

}  // namespace slimfit
