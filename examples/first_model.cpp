// SPDX-License-Identifier: MIT
// A first model: a vision transformer under a policy of one's own, its memory known before it runs, and ten steps.
#include <slimfit/slimfit.hpp>

#include <cstdio>
namespace sf = slimfit;

struct my_policy : sf::policy::slim {  // start from a preset, change what you want
  using freezing = sf::freezing::inter_layer<sf::freezing::relative_update, sf::percent<75>>;
  using gelu = sf::stash::gelu_derivative<sf::format::gelu_derivative_codebook<3>>;
};
constexpr sf::vit_shape shape{
    .image = 32, .patch = 8, .hidden = 128, .heads = 4, .mlp = 512, .layers = 6, .classes = 10};
using model = sf::vit<shape, my_policy, sf::host>;
static_assert(sf::plan<model>(/*batch*/ 32).peak() < 24 * sf::MiB);  // known before it runs

int main() {
  sf::host device;
  model net{device, /*seed*/ 1};  // random weights; sf::load(net, "model.safetensors") reads pretrained ones
  sf::trainer trainer{net, sf::adamw{.learning_rate = 1e-3}};
  std::vector<float> const images(32 * model::network_type::inputs, 0.5F);  // 32 images of 3 x 32 x 32
  std::vector<std::int32_t> const labels(32, 7);
  for (int i = 0; i < 10; ++i) {
    auto const report = trainer.step(images, labels);
    std::printf("loss %.4f, peak %.1f MiB\n", report.loss, static_cast<double>(report.measured.peak()) / sf::MiB);
  }
}
