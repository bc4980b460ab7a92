// SPDX-License-Identifier: MIT
// Small models with folders of `transformers` in fixtures/huggingface (fixtures/make_huggingface.py), copies of these
// folders in which something else stands, and the check that a folder is refused.
#pragma once

#include <doctest/doctest.h>
#include <slimfit/huggingface.hpp>
#include <slimfit/slimfit.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gradients.hpp"
#include "logits.hpp"
#include "scratch_folder.hpp"

namespace slimfit::testing::huggingface {

inline constexpr index_t batch = 3;
inline constexpr bert_shape bert_small{
    .vocabulary = 30, .positions = 12, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, .classes = 3, .tokens = 7};
inline constexpr vit_shape vit_small{
    .image = 12, .patch = 4, .channels = 3, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, .classes = 3};
inline constexpr vit_shape dinov2_small = [] {
  auto shape = vit_small;
  shape.norm_epsilon = 1e-6;
  return shape;
}();

inline constexpr vit_shape scaled_small = [] {
  auto shape = dinov2_small;
  shape.layer_scale = true;
  return shape;
}();

using bert_model = bert<bert_small, policy::eager, host>;
inline constexpr bert_shape bert_span = [] {
  auto shape = bert_small;
  shape.head = bert_head::span;
  return shape;
}();
using span_model = bert<bert_span, policy::eager, host>;
using vit_model = vit<vit_small, policy::eager, host>;
template <class Policy>
using scaled_model = vit<scaled_small, Policy, host>;
using dinov2_model = vit<dinov2_small, policy::eager, host>;

inline std::string fixture(std::string const& name) { return std::string(SLIMFIT_FIXTURES) + "/huggingface/" + name; }

inline std::string content(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
inline void write(std::string const& path, std::string const& text) { std::ofstream(path, std::ios::binary) << text; }
inline std::string replaced(std::string text, std::string const& from, std::string const& to) {
  auto const place = text.find(from);
  REQUIRE(place != std::string::npos);
  return text.replace(place, from.size(), to);
}

/// A copy of a fixture's folder in which config.json says something else.
inline void copy_with_config(std::string const& name, test::scratch_folder const& target, std::string const& from,
                             std::string const& to) {
  auto const whole = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(fixture(name) + "/model.safetensors", target.file("model.safetensors"), whole);
  write(target.file("config.json"), replaced(content(fixture(name) + "/config.json"), from, to));
}

/// A copy of a fixture's folder whose tensors `change` may drop (by an empty name), rename or keep.
template <class Change>
void copy_with_names(std::string const& name, test::scratch_folder const& target, Change const& change) {
  safetensors_file const file(fixture(name) + "/model.safetensors");
  safetensors_writer writer;
  std::vector<std::vector<float>> values;
  for (auto const& [old_name, tensor] : file.tensors()) {
    auto& here = values.emplace_back(tensor.bytes.size() / sizeof(float));
    file.read_into(old_name, tensor.shape, here.data());
    if (auto const new_name = change(old_name); !new_name.empty()) {
      writer.add(new_name, dtype::f32, tensor.shape, here.data());
    }
  }
  writer.save(target.file("model.safetensors"));
  write(target.file("config.json"), content(fixture(name) + "/config.json"));
}

inline std::vector<double> read(safetensors_view const& file, std::string const& name) {
  auto const& shape = file.at(name).shape;
  index_t count = 1;
  for (auto const extent : shape) { count *= extent; }
  std::vector<double> values(static_cast<std::size_t>(count));
  file.read_into(name, shape, values.data());
  return values;
}

inline std::vector<float> images(safetensors_view const& expected) {
  std::vector<float> values(batch * 3 * 12 * 12);
  expected.read_into("inputs", {batch, 3, 12, 12}, values.data());
  return values;
}
inline std::vector<std::int32_t> words(safetensors_view const& expected) {
  constexpr index_t tokens = bert_small.tokens;
  std::vector<std::int32_t> ids(batch * tokens);
  std::vector<std::int32_t> types(ids.size());
  expected.read_into("inputs", {batch, tokens}, ids.data());
  expected.read_into("types", {batch, tokens}, types.data());
  std::vector<std::int32_t> result;
  for (std::ptrdiff_t i = 0; i < batch; ++i) {
    result.insert(result.end(), ids.begin() + i * tokens, ids.begin() + (i + 1) * tokens);
    result.insert(result.end(), types.begin() + i * tokens, types.begin() + (i + 1) * tokens);
  }
  return result;
}
template <class Model>
auto inputs_for(safetensors_view const& expected) {
  if constexpr (std::is_same_v<typename Model::network_type::input_type, std::int32_t>) {
    return words(expected);
  } else {
    return images(expected);
  }
}

template <class Model>
double logit_error(Model& net, safetensors_view const& expected) {
  auto const logits = testing::logits_of(net, inputs_for<Model>(expected), batch);
  return testing::relative_error({logits.begin(), logits.end()}, read(expected, "logits"));
}

template <class Model>
std::vector<float> weights(Model const& net) {
  std::vector<float> result;
  for (auto const& [name, each] : net.parameters()) {
    result.insert(result.end(), each.data, each.data + each.count());
  }
  return result;
}

/// Loading throws `Error` that says `words`, and changes nothing.
template <class Model, class Error>
void refuses(std::string const& folder, std::string const& words, huggingface_load_options const& options = {}) {
  host device;
  Model net(device);
  auto const before = weights(net);
  std::string message;
  try {
    load_huggingface(net, folder, options);
  } catch (Error const& problem) { message = problem.what(); }
  CAPTURE(message);
  CHECK(message.find(words) != std::string::npos);
  CHECK(weights(net) == before);
}

}  // namespace slimfit::testing::huggingface
