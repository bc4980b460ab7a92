// SPDX-License-Identifier: MIT
// Trains a small model for three steps and says whether the loss fell.
#include <slimfit/slimfit.hpp>

#include <cstdio>

namespace sf = slimfit;

constexpr sf::vit_shape tiny{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 2};
using model = sf::vit<tiny, sf::policy::slim, sf::host>;
static_assert(sf::plan<model>(4).peak() < sf::MiB);

int main() {
  sf::host device;
  model net(device);
  sf::trainer trainer{net, sf::adamw{.learning_rate = 1e-2}};
  std::vector<float> const images(4 * 64, 0.5F);
  std::vector<std::int32_t> const labels(4, 1);
  double const first = trainer.step(images, labels).loss;
  trainer.step(images, labels);
  double const last = trainer.step(images, labels).loss;
  std::printf("slimfit %s: loss %f, then %f\n", sf::version, first, last);
  return last < first ? 0 : 1;
}
