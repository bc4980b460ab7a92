// SPDX-License-Identifier: MIT
// Loads a real Hugging Face folder, computes logits, loss and all gradients of a batch, and saves the model again. Run
// by check_pretrained.py, which has the batch from `transformers` and compares.
//   pretrained_gradients bert|vit FOLDER BATCH.safetensors RESULT.safetensors SAVED_FOLDER
#include <slimfit/huggingface.hpp>
#include <slimfit/slimfit.hpp>

#include <iostream>

#include "../support/gradients.hpp"
#include "../support/logits.hpp"

namespace sf = slimfit;
using sf::index_t;

namespace {

constexpr sf::bert_shape minilm{.hidden = 384, .mlp = 1536, .layers = 6, .tokens = 24};
constexpr sf::vit_shape vit_s14{.image = 56,
                                .patch = 14,
                                .hidden = 384,
                                .heads = 6,
                                .mlp = 1536,
                                .layers = 12,
                                .classes = 10,
                                .norm_epsilon = 1e-6};

template <class Model>
void compare(std::string const& folder, std::string const& batch_file, std::string const& result_file,
             std::string const& saved) {
  sf::host device({.threads = 1});
  Model net(device);
  auto const report = sf::load_huggingface(net, folder);
  for (auto const& name : report.missing) { std::cout << "missing: " << name << "\n"; }
  for (auto const& name : report.unused) { std::cout << "unused: " << name << "\n"; }
  sf::safetensors_file const batch(batch_file);
  auto const& shape = batch.at("inputs").shape;
  index_t const count = shape[0];
  std::vector<typename Model::network_type::input_type> inputs(
      static_cast<std::size_t>(count * Model::network_type::inputs));
  std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
  batch.read_into("inputs", shape, inputs.data());
  batch.read_into("labels", {count}, labels.data());
  auto const logits = sf::testing::logits_of(net, inputs, count);
  auto const result = sf::testing::gradients_of(net, inputs, labels, sf::active_set::all(Model::units));
  sf::safetensors_writer writer;
  writer.add("logits", sf::dtype::f32, {count, Model::network_type::classes}, logits.data());
  writer.add("loss", sf::dtype::f64, {1}, &result.loss);
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    auto const& [name, each] = net.parameters()[i];
    writer.add("grad." + name, sf::dtype::f32, {each.shape.begin(), each.shape.begin() + each.rank},
               result.gradients[i].data());
  }
  writer.save(result_file);
  sf::save_huggingface(net, saved);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    std::vector<std::string> const words(arguments + 1, arguments + count);
    if (words.size() != 5) { throw sf::usage_error("expected bert|vit FOLDER BATCH RESULT SAVED_FOLDER"); }
    if (words[0] == "bert") {
      compare<sf::bert<minilm, sf::policy::eager, sf::host>>(words[1], words[2], words[3], words[4]);
    } else {
      compare<sf::vit<vit_s14, sf::policy::eager, sf::host>>(words[1], words[2], words[3], words[4]);
    }
  } catch (std::exception const& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
}
