// SPDX-License-Identifier: MIT
// What a run's file says of where it comes from: the optimizer whose moments it holds, and what the last bits of its
// numbers depend on.
#pragma once

#include <concepts>
#include <map>
#include <string>
#include <vector>

#include <slimfit/backend/device.hpp>
#include <slimfit/io/safetensors.hpp>

namespace slimfit {

namespace detail {

inline std::string const optimizer_key = "slimfit.optimizer";
inline std::string const origin_prefix = "slimfit.origin ";

/// The optimizer and the form of its moments in words; empty for one that does not say.
template <class Options>
std::string kept_state_of(Options const& options) {
  if constexpr (requires {
                  { options.kept_state() } -> std::convertible_to<std::string>;
                }) {
    return options.kept_state();
  } else {
    return {};
  }
}

/// What the bits of a run depend on beside its options, by name.
template <class Device>
std::map<std::string, std::string> bits_depend_on() {
  std::map<std::string, std::string> found{{"slimfit", version}, {"compiler", __VERSION__}};
  if constexpr (device_traits<Device>::tells_bits) { found.merge(Device::bits_depend_on()); }
  return found;
}

/// Metadata of a run's file.
template <class Trainer>
std::map<std::string, std::string> origin_of(Trainer& run) {
  std::map<std::string, std::string> metadata{{optimizer_key, kept_state_of(run.optimizer().options())}};
  for (auto const& [name, value] : bits_depend_on<typename Trainer::device_type>()) {
    metadata[origin_prefix + name] = value;
  }
  return metadata;
}

/// @throws file_error when a run's file holds the moments of another optimizer, or in another form
template <class Trainer>
void require_same_optimizer(Trainer& run, safetensors_view const& file) {
  auto const expected = kept_state_of(run.optimizer().options());
  auto const found = file.metadata().find(optimizer_key);
  if (found == file.metadata().end() || found->second == expected) { return; }
  throw file_error("slimfit: " + file.source() + ": optimizer is " + found->second + ", expected " + expected +
                   ": a run goes on with the optimizer, and the form of its moments, that it began with");
}

/// The program's own metadata.
template <class Void>
std::map<std::string, std::string> own_strings(basic_safetensors_view<Void> const& file) {
  std::map<std::string, std::string> strings;
  for (auto const& [key, value] : file.metadata()) {
    if (!key.starts_with(own_metadata)) { strings.emplace(key, value); }
  }
  return strings;
}

}  // namespace detail

/// What is worth knowing before a run goes on here with a file that `save_run` wrote, a sentence each: that the file
/// has no checksums, or that this program, library or machine is another, so that the last bits of results may be
/// others than those of a run that was not interrupted.
/// @tparam Device the backend that goes on
/// @throws file_error
template <class Device>
std::vector<std::string> notes_on_run(std::string const& path) {
  safetensors_file const file(path);
  std::vector<std::string> notes;
  if (!file.metadata().contains(detail::header_checksum_key)) {
    notes.push_back(path + " has no checksums: an older slimfit wrote it, and damage to it may go unnoticed");
    return notes;
  }
  for (auto const& [name, here] : detail::bits_depend_on<Device>()) {
    auto const found = file.metadata().find(detail::origin_prefix + name);
    auto const there = found == file.metadata().end() ? "unknown" : found->second;
    if (there != here) {
      notes.push_back(name + " was " + there + " in " + path + " and is " + here +
                      ": the last bits of results may differ from those of a run that was not interrupted");
    }
  }
  return notes;
}

}  // namespace slimfit
