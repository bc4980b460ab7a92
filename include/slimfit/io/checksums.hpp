// SPDX-License-Identifier: MIT
// Checksums in safetensors files: the CRC-32 of each tensor's bytes and of the header, in `__metadata__`. The header's
// is taken with its own digits as zeros.
#pragma once

#include <slimfit/io/crc32.hpp>
#include <slimfit/io/safetensors_reader.hpp>

namespace slimfit {

/// What keys of metadata that the library writes for itself begin with.
inline constexpr std::string_view own_metadata = "slimfit.";

namespace detail {

inline std::string const header_checksum_key = "slimfit.crc32";
inline std::string const no_checksum = "00000000";

/// The key of a tensor's checksum.
inline std::string checksum_key(std::string const& tensor) { return header_checksum_key + " " + tensor; }
/// Where the digits of the header's checksum are in its text; npos where there are none. No string of JSON holds a
/// quotation mark that is not escaped, so nothing else looks like it.
inline std::size_t checksum_place(std::string_view header) {
  auto const before = "\"" + header_checksum_key + "\":\"";
  auto const found = header.find(before);
  return found == std::string_view::npos ? found : found + before.size();
}

}  // namespace detail

/// Compares a file with the checksums in it, all of it.
/// @return whether there are any
/// @throws file_error that names the part that is not as it was written
template <class Void>
bool verify_checksums(basic_safetensors_view<Void> const& file) {
  auto const& metadata = file.metadata();
  auto const fail = [&](std::string const& part, std::string const& found, std::string const& expected) {
    throw file_error("slimfit: " + file.source() + ": " + part + " is damaged: its checksum is " + found +
                     ", expected " + expected);
  };
  auto const own = metadata.find(detail::header_checksum_key);
  if (own == metadata.end()) {
    auto const other = metadata.lower_bound(std::string(own_metadata));
    if (other != metadata.end() && other->first.starts_with(own_metadata)) {
      fail("header", "missing", "eight digits");
    }
    return false;
  }
  std::string header(file.header());
  auto const place = detail::checksum_place(header);
  if (place != std::string::npos) { header.replace(place, detail::no_checksum.size(), detail::no_checksum); }
  auto const found = crc32().add(header).text();
  if (found != own->second) { fail("header", found, own->second); }
  for (auto const& [name, tensor] : file.tensors()) {
    auto const expected = metadata.find(detail::checksum_key(name));
    if (expected == metadata.end()) { fail("tensor " + name, "missing", "eight digits"); }
    auto const actual = crc32().add(tensor.bytes).text();
    if (actual != expected->second) { fail("tensor " + name, actual, expected->second); }
  }
  return true;
}

}  // namespace slimfit
