// SPDX-License-Identifier: MIT
// A training run from its first step to its last: options, a learning rate with a warm-up, clipping, batches in parts,
// evaluation, predictions, and a checkpoint that another trainer goes on from to the bit.
#include <slimfit/slimfit.hpp>

#include <cstdio>
#include <exception>

#include "extending/noise.hpp"

namespace {

namespace sf = slimfit;

using model = sf::vit<extending::shape, sf::policy::slim, sf::host>;
constexpr int batch = 16;
constexpr sf::index_t steps = 40;

using schedule = sf::freezing::inter_layer<sf::freezing::relative_update, sf::percent<75>>;
using trainer = sf::trainer<model, sf::clip_global_norm<>, schedule, sf::linear_warm_up>;

trainer make_trainer(model& net) {
  sf::adamw const adamw{.learning_rate = 3e-3, .weight_decay = 0.01};
  return trainer(net, trainer::setup{.optimizer = sf::clip_global_norm{adamw, 1.0},
                                     .options = {.seed = 1, .steps = steps},
                                     .learning_rate = {.warm_up = 4}});
}

int run() {
  sf::host device;
  model net(device, /*seed*/ 1);
  auto trainer = make_trainer(net);
  extending::noise data(model::network_type::inputs);

  while (trainer.iteration() < steps / 2) {
    data.draw(batch);
    auto const report = trainer.step(data.images, data.labels);
    std::printf("step %2d: loss %.3f, %d of %d units active\n", static_cast<int>(report.iteration), report.loss,
                static_cast<int>(report.active.count()), model::units);
  }
  sf::save_run(trainer, "run.safetensors");

  model other(device);
  auto resumed = make_trainer(other);
  sf::load_run(resumed, "run.safetensors");
  double last = 0;
  bool equal = true;
  while (trainer.iteration() < steps) {
    for (int part = 0; part < 2; ++part) {
      data.draw(batch / 2);
      trainer.accumulate(data.images, data.labels);
      resumed.accumulate(data.images, data.labels);
    }
    last = trainer.step().loss;
    equal = equal && resumed.step().loss == last;
  }

  data.draw(100);
  auto const result = trainer.evaluate(data.images, data.labels, batch);
  auto const scores = trainer.predict(data.images, batch);
  sf::save(net, "model.safetensors");
  std::printf("loss %.3f, accuracy %.2f, scores of the first sample %.2f and %.2f\n", result.loss, result.accuracy,
              scores[0], scores[1]);
  return equal && last < 0.4 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (std::exception const& problem) {  // sf::error and what is derived from it
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
