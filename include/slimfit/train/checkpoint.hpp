// SPDX-License-Identifier: MIT
// Models as safetensors files, which hold their parameters by name.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/train/load_checks.hpp>

namespace slimfit {

namespace detail {
template <scalar T>
std::vector<index_t> extents_of(parameter<T> const& each) {
  return {each.shape.begin(), each.shape.begin() + each.rank};
}

/// Numbers copied from a backend to be written.
template <class T>
using staged_tensors = std::vector<std::vector<T>>;

/// Copies all parameters to be written. @throws value_error where one is no number: such a model has diverged
template <class Network, class Device>
void add_parameters(safetensors_writer& writer, model<Network, Device> const& net, dtype type,
                    staged_tensors<typename Network::value_type>& staged) {
  for (auto const& [name, each] : net.parameters()) {
    auto& values = staged.emplace_back(static_cast<std::size_t>(each.count()));
    net.device().copy(each.data, values.data(), each.count());
    require_finite<value_error>("tensor " + name, values);
    writer.add(name, type, extents_of(each), values.data());
  }
}
}  // namespace detail

/// Writes a model's parameters to `path`, whole or not at all.
/// @param type F32, F16, BF16 or F64
/// @throws file_error; a file that was there is unchanged then
template <class Network, class Device>
void save(model<Network, Device> const& net, std::string const& path, dtype type = dtype::f32) {
  safetensors_writer writer;
  detail::staged_tensors<typename Network::value_type> staged;
  detail::add_parameters(writer, net, type, staged);
  writer.save(path);
}

/// Parameters that `load` left as they were because their name begins with one of `except`.
struct load_options {
  /// Names or beginnings of names of parameters not to read, e.g. "classifier" when the classes differ.
  std::vector<std::string> except;
};

namespace detail {
/// Reads all parameters but those to leave out, which stay empty.
template <class Network, class Device>
auto read_parameters(model<Network, Device> const& net, safetensors_view const& file, load_options const& options) {
  staged_tensors<typename Network::value_type> staged;
  auto const wanted = [&](std::string const& name) {
    return std::none_of(options.except.begin(), options.except.end(),
                        [&name](std::string const& prefix) { return name.starts_with(prefix); });
  };
  for (auto const& [name, each] : net.parameters()) {
    auto& values = staged.emplace_back(wanted(name) ? static_cast<std::size_t>(each.count()) : 0);
    if (!wanted(name)) { continue; }
    file.read_into(name, extents_of(each), values.data());
    require_finite<file_error>(file.source() + ": tensor " + name, values, finite_weights);
  }
  return staged;
}
/// Gives a model what was read.
template <class Network, class Device>
void copy_parameters(staged_tensors<typename Network::value_type> const& staged, model<Network, Device>& net) {
  for (std::size_t i = 0; i < staged.size(); ++i) {
    net.device().copy(staged[i].data(), net.parameters()[i].value.data, static_cast<index_t>(staged[i].size()));
  }
}
}  // namespace detail

/// Reads all parameters from `path`.
/// @throws file_error when one is missing, has another shape or a number that is not finite, value_error when `except`
/// names none; the model is unchanged then
template <class Network, class Device>
void load(model<Network, Device>& net, std::string const& path, load_options const& options = {}) {
  detail::require_known_names(options.except, net.parameters());
  safetensors_file const file(path);
  detail::copy_parameters(detail::read_parameters(net, file, options), net);
}

}  // namespace slimfit
