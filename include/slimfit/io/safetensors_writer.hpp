// SPDX-License-Identifier: MIT
// Writes safetensors files: the same tensors give the same bytes, and an interrupted write leaves the old file.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <vector>

#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/checksums.hpp>
#include <slimfit/io/json_string.hpp>

namespace slimfit {

/// See `safetensors_writer`.
template <class = void>
class basic_safetensors_writer {
 public:
  /// Adds a tensor, converted to `type` while it is written. `data` must stay valid until `save`.
  /// @throws value_error when the name is taken or reserved, an extent is negative, or `type` is of another kind
  /// (integers for floats) than `T`.
  template <tensor_element T>
  void add(std::string name, dtype type, std::vector<index_t> shape, T const* data) {
    if (type == dtype::unknown || is_floating(type) != is_floating_element<T>) {
      throw value_error("slimfit: tensor " + name + " cannot be stored as " + std::string(dtype_name(type)) +
                        ", expected a floating type for floating data and an integer type for integers");
    }
    index_t const bytes = shape_bytes(shape, dtype_bytes(type));
    bool const negative = std::any_of(shape.begin(), shape.end(), [](index_t extent) { return extent < 0; });
    if (bytes < 0 || negative) {
      throw value_error("slimfit: tensor " + name + " has shape " + shape_text(shape) +
                        ", expected extents of at least 0 whose product fits 63 bits");
    }
    bool const taken = std::any_of(tensors_.begin(), tensors_.end(), [&](source const& s) { return s.name == name; });
    if (taken || name == "__metadata__") {
      throw value_error("slimfit: tensor name " + name + " is taken; give each tensor a different name");
    }
    converter convert = nullptr;
    with_dtype(type, [&]<class To>(To) {
      if constexpr (is_floating_element<To> == is_floating_element<T>) { convert = &convert_range<T, To>; }
    });
    tensors_.push_back({std::move(name), type, std::move(shape), bytes, data, convert});
  }
  /// Sets a string of `__metadata__`.
  void set_metadata(std::string const& key, std::string value) { metadata_[key] = std::move(value); }

  /// Files get checksums, which `verify_checksums` compares.
  void add_checksums() { has_checksums_ = true; }

  /// Writes everything to `path`, whole or not at all.
  /// @param before where the file goes that `path` was before; empty: it is replaced
  /// @throws file_error, value_error for a number that its type does not hold; a file that was there is unchanged
  /// then.
  void save(std::string const& path, std::string const& before = {}) const {
    std::vector<source const*> all;
    for (auto const& tensor : tensors_) { all.push_back(&tensor); }
    atomic_file file(path);
    write(file, std::move(all));
    file.commit(before);
  }

  /// Writes `model.safetensors`, or when there are more than `largest` bytes of tensors, files of at most that many
  /// (a larger tensor has a file to itself) and `model.safetensors.index.json`, which says where each tensor is. All
  /// files are written whole before the first gets its name.
  /// @param folder must exist
  /// @throws as `save`
  void save_shards(std::string const& folder, index_t largest) const {
    if (largest < 1) { raise_mismatch<value_error>("largest bytes of a file", largest, {"at least 1"}); }
    std::vector<std::vector<source const*>> shards(1);
    index_t total = 0;
    index_t bytes = 0;
    for (auto const& tensor : tensors_) {
      if (!shards.back().empty() && bytes + tensor.bytes > largest) {
        shards.emplace_back();
        bytes = 0;
      }
      shards.back().push_back(&tensor);
      bytes += tensor.bytes;
      total += tensor.bytes;
    }
    auto const whole = folder + "/model.safetensors";
    auto const index = whole + ".index.json";
    // Readers look for the one file first, so what would hide the new one is removed after that is there.
    if (shards.size() == 1) {
      save(whole);
      ::unlink(index.c_str());
      return;
    }
    std::list<atomic_file> files;
    std::string map;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      auto const name = shard_name(i, shards.size());
      for (auto const* tensor : shards[i]) {
        map += (map.empty() ? "\n" : ",\n") + ("    " + detail::json_string(tensor->name)) + ": " +
               detail::json_string(name);
      }
      write(files.emplace_back(folder + "/" + name), shards[i]);
    }
    auto& file = files.emplace_back(index);
    auto const text =
        "{\n  \"metadata\": {\"total_size\": " + std::to_string(total) + "},\n  \"weight_map\": {" + map + "\n  }\n}\n";
    file.write(text.data(), static_cast<index_t>(text.size()));
    for (auto& each : files) { each.commit(); }
    ::unlink(whole.c_str());
  }

 private:
  struct source;
  using converter = void (*)(source const& tensor, index_t first, index_t count, std::byte* target);

  struct source {
    std::string name;
    dtype type;
    std::vector<index_t> shape;
    index_t bytes;
    void const* data;
    converter convert;
  };

  static std::string shard_name(std::size_t i, std::size_t count) {
    auto const padded = [](std::size_t number) {
      auto const digits = std::to_string(number);
      return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
    };
    return "model-" + padded(i + 1) + "-of-" + padded(count) + ".safetensors";
  }

  void write(atomic_file& file, std::vector<source const*> order) const {
    // Wide types first, so that every tensor is aligned for its type; then by name.
    std::sort(order.begin(), order.end(), [](source const* a, source const* b) {
      auto const width_a = dtype_bytes(a->type);
      auto const width_b = dtype_bytes(b->type);
      return width_a != width_b ? width_a > width_b : a->name < b->name;
    });
    auto const text = header(order);
    if (std::ssize(text) > safetensors_view::largest_header) {
      raise_mismatch<value_error>("bytes of a safetensors header", std::ssize(text),
                                  {"at most ", safetensors_view::largest_header});
    }
    std::uint64_t const length = text.size();
    file.write(&length, 8);
    file.write(text.data(), static_cast<index_t>(text.size()));
    for (auto const* tensor : order) {
      for_each_piece(*tensor, [&](std::span<std::byte const> piece) { file.write(piece.data(), std::ssize(piece)); });
    }
  }

  /// Calls `body(bytes)` with a tensor's bytes as they are in the file, piece by piece.
  template <class Body>
  static void for_each_piece(source const& tensor, Body const& body) {
    std::vector<std::byte> chunk(std::size_t{1} << 18U);
    index_t const width = dtype_bytes(tensor.type);
    index_t const elements = tensor.bytes / width;
    index_t const step = static_cast<index_t>(chunk.size()) / width;
    for (index_t first = 0; first < elements; first += step) {
      index_t const count = std::min(step, elements - first);
      tensor.convert(tensor, first, count, chunk.data());
      body(std::span<std::byte const>(chunk.data(), static_cast<std::size_t>(count * width)));
    }
  }

  template <class From, class To>
  static void convert_range(source const& tensor, index_t first, index_t count, std::byte* target) {
    for (index_t i = first; i < first + count; ++i) {
      From const value = static_cast<From const*>(tensor.data)[i];
      if constexpr (std::integral<From>) {
        if (!std::in_range<To>(value)) {
          raise_mismatch<value_error>(joined({"tensor ", tensor.name, ", element ", i}), value,
                                      {"a number that ", dtype_name(tensor.type), " holds"});
        }
      }
      To const converted = convert_element<To>(value);
      if constexpr (is_floating_element<From> && !std::same_as<From, To>) {
        if (!is_finite_element(converted) && is_finite_element(value)) {
          raise_mismatch<value_error>(joined({"tensor ", tensor.name, ", element ", i}), convert_element<double>(value),
                                      {"a number that ", dtype_name(tensor.type), " holds"});
        }
      }
      std::memcpy(target, &converted, sizeof(To));
      target += sizeof(To);
    }
  }

  /// The metadata, and the checksums where there are any: zeros for the header's.
  [[nodiscard]] std::map<std::string, std::string> metadata_of(std::vector<source const*> const& order) const {
    auto metadata = metadata_;
    if (!has_checksums_) { return metadata; }
    metadata[detail::header_checksum_key] = detail::no_checksum;
    for (auto const* tensor : order) {
      crc32 sum;
      for_each_piece(*tensor, [&](std::span<std::byte const> piece) { sum.add(piece); });
      metadata[detail::checksum_key(tensor->name)] = sum.text();
    }
    return metadata;
  }

  [[nodiscard]] std::string header(std::vector<source const*> const& order) const {
    std::string text = "{";
    if (auto const metadata = metadata_of(order); !metadata.empty()) {
      text += "\"__metadata__\":{";
      for (auto const& [key, value] : metadata) {
        text += (text.back() == '{' ? "" : ",") + detail::json_string(key) + ":" + detail::json_string(value);
      }
      text += "}";
    }
    index_t begin = 0;
    for (auto const* tensor : order) {
      text += (text.back() == '{' ? "" : ",") + detail::json_string(tensor->name) + ":{\"dtype\":\"";
      text += std::string(dtype_name(tensor->type)) + "\",\"shape\":" + shape_text(tensor->shape);
      text += ",\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(begin + tensor->bytes) + "]}";
      begin += tensor->bytes;
    }
    text += "}";
    text.resize((text.size() + 7) / 8 * 8, ' ');
    if (has_checksums_) {
      text.replace(detail::checksum_place(text), detail::no_checksum.size(), crc32().add(text).text());
    }
    return text;
  }

  std::vector<source> tensors_;
  std::map<std::string, std::string> metadata_;
  bool has_checksums_ = false;
};

/// Writes tensors, and strings beside them, to files.
using safetensors_writer = basic_safetensors_writer<>;

}  // namespace slimfit
