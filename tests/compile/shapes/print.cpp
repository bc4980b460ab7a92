// SPDX-License-Identifier: MIT
// Prints a program with the shapes that errors tell a user to write, for configurations as folders have them.
#include <slimfit/huggingface/shape_text.hpp>

#include <cstdio>

using namespace slimfit;

namespace {

void print(char const* network, std::string const& shape) {
  static int number = 0;
  std::printf(
      "constexpr auto shape_%d = %s;\nstatic_assert(sizeof(slimfit::%s<shape_%d, slimfit::policy::slim, float>) > "
      "0);\n",
      number, shape.c_str(), network, number);
  ++number;
}

void print_berts() {
  bert_shape const compiled{.tokens = 512, .head = bert_head::span};
  huggingface_config const small{.hidden = 32, .layers = 2, .heads = 2, .mlp = 64, .vocabulary = 300, .positions = 128};
  for (auto const& head : {bert_head::classification, bert_head::regression, bert_head::span}) {
    auto shape = compiled;
    shape.head = head;
    print("bert_network", detail::shape_text(shape, small, 2));
  }
  auto dropping = small;
  dropping.hidden_dropout = 1;
  dropping.attention_dropout = 0.105;
  dropping.padding = -1;
  dropping.positions = 1;
  dropping.norm_epsilon = 0;
  print("bert_network", detail::shape_text(compiled, dropping, 3));
}

void print_vits() {
  huggingface_config small{
      .type = huggingface_type::vit, .hidden = 32, .layers = 2, .heads = 2, .mlp = 64, .image = 30};
  print("vit_network", detail::shape_text(vit_shape{}, small, 10));
  small.type = huggingface_type::dinov2;
  small.patch = 14;
  small.norm_epsilon = 1e-6;
  print("vit_network", detail::shape_text(vit_shape{}, small, 10));
}

}  // namespace

int main() {
  std::printf(
      "#include <slimfit/models/bert_network.hpp>\n#include <slimfit/models/vit_network.hpp>\n"
      "#include <slimfit/policy/presets.hpp>\n");
  print_berts();
  print_vits();
}
