// SPDX-License-Identifier: MIT
// The documentation's short blocks of code, each in what its page takes for granted. Compiled by nvcc they are for
// CUDA.
#include <cmath>
#include <exception>
#include <fstream>
#include <iostream>
#include <slimfit/huggingface.hpp>
#include <slimfit/memory/chrome_trace.hpp>
#include <slimfit/plan/fit.hpp>
#include <slimfit/slimfit.hpp>

#include "examples/extending/mxfp4.hpp"
#include "examples/extending/soft_labels.hpp"

#if defined(__CUDACC__)
#define host cuda
#endif

namespace sf = slimfit;

struct loaded_batch {
  std::vector<sf::bf16> images;
  std::vector<std::int32_t> labels;
};
struct loaded_part {
  std::vector<float> inputs;
  std::vector<std::int32_t> labels;
};

constexpr sf::vit_shape shape{
    .image = 32, .patch = 8, .hidden = 128, .heads = 4, .mlp = 512, .layers = 6, .classes = 10};
struct my_policy : sf::policy::slim {};
using model = sf::vit<shape, my_policy, sf::host>;

#if defined(__CUDACC__)
double train_on_cuda(std::vector<loaded_batch> const& batches) {
  cudaStream_t stream;  // the program's own; without one work goes to the default stream
  cudaStreamCreate(&stream);
  slimfit::cuda device({.stream = stream, .budget = 8 * slimfit::GiB});
  slimfit::vit<shape, slimfit::policy::slim, slimfit::cuda, slimfit::bf16> net{device};
  slimfit::trainer trainer{net, slimfit::adamw{.learning_rate = 5e-5}};
  for (auto const& batch : batches) { trainer.enqueue(batch.images, batch.labels); }
  auto const last = trainer.finish();
  return last->loss;
}
#endif

#if !defined(__CUDACC__)
static_assert(sf::plan<model>(32).peak() < 24 * sf::MiB);
#endif

void plan_trainers() {
  using run_type = sf::trainer<model, sf::clip_global_norm<>, sf::freezing::never>;
  static_assert(sf::plan<run_type>(32).peak() < 48 * sf::MiB);
  auto const usage = sf::plan<run_type>(32, {sf::adamw{}, 0.5}, {.count_saturation = true}).bound();
  auto const of_parts = sf::plan<run_type>(8).in_parts().peak();  // batches in parts of 8, by trainer::accumulate
  std::cout << usage.peak() << ' ' << of_parts << '\n';
  std::cout << sf::describe(sf::plan<model>(32));
}

template <class Trainer>
double accumulate(Trainer& trainer, std::vector<loaded_part> const& parts) {
  for (auto const& part : parts) { trainer.accumulate(part.inputs, part.labels); }
  auto const report = trainer.step();  // one step by the mean over all samples
  return report.loss;
}

namespace pretrained {

void tune() {
  constexpr sf::bert_shape shape{.hidden = 384, .mlp = 1536, .layers = 6, .tokens = 64};  // all-MiniLM-L6-v2
  sf::host device;
  sf::bert<shape, sf::policy::slim, sf::host> net(device);
  auto const report = sf::load_huggingface(net, "all-MiniLM-L6-v2");
  for (auto const& name : report.missing) { std::cout << name << " starts anew\n"; }
  // ... train ...
  sf::save_huggingface(net, "tuned", {.type = sf::dtype::f16, .labels = {"negative", "positive"}});
}

}  // namespace pretrained

void record(sf::trainer<model>& run, sf::host& device, std::vector<float> const& images,
            std::vector<std::int32_t> const& labels) {
#include <slimfit/memory/chrome_trace.hpp>

  slimfit::memory_record record;
  device.memory().book().record(&record);
  run.step(images, labels);
  device.memory().book().record(nullptr);
  std::ofstream file("step.json");
  slimfit::write_chrome_trace(file, record);
  for (auto const& each : record.holders_at_peak()) { std::cout << each.label.text() << ' ' << each.bytes << '\n'; }
}

namespace budget {

sf::host device;

#include <slimfit/plan/fit.hpp>

template <class Policy>
using network = slimfit::vit<slimfit::shapes::vit_base_16, Policy, slimfit::host>;
using choice = slimfit::fit<network, 8 * slimfit::GiB, 32>;  // bytes of the device, samples of a batch

choice::model_type net(device);
static_assert(choice::peak < 8 * slimfit::GiB);

using mine = slimfit::candidates<slimfit::candidate<my_policy, 0, 420, 110>,   // 4.2 % error, 1.1 times eager's time
                                 slimfit::candidate<my_policy, 90, 430, 80>>;  // the same with 90 % frozen
using own_choice = slimfit::fit<network, 8 * slimfit::GiB, 32, mine>;
static_assert(own_choice::peak < 8 * slimfit::GiB);

}  // namespace budget

namespace own_head {

template <sf::vit_shape Shape, class Policy, sf::scalar T>
struct pooled_parts : sf::vit_parts<Shape, Policy, T> {
  using head = sf::pooled_head<Shape.hidden, Shape.classes, sf::pooling::mean_of_patches, Policy, T>;
};
template <sf::vit_shape Shape, class Policy, sf::scalar T>
struct pooled_vit : sf::vit_network<Shape, Policy, T, pooled_parts<Shape, Policy, T>> {};

/// Later tokens count for more.
struct rising {
  template <class T>
  SLIMFIT_HD static constexpr T weight(sf::index_t token, sf::index_t tokens) {
    return static_cast<T>(2 * (token + 1)) / static_cast<T>(tokens * (tokens + 1));
  }
};
static_assert(sf::token_weights<rising>);

template <sf::vit_shape Shape, class Policy, sf::scalar T>
struct soft_parts : sf::vit_parts<Shape, Policy, T> {
  using loss = soft_cross_entropy_loss<Shape.classes, T>;
};
template <sf::vit_shape Shape, class Policy, sf::scalar T>
struct soft_vit : sf::vit_network<Shape, Policy, T, soft_parts<Shape, Policy, T>> {};
using soft_model = sf::model<soft_vit<shape, my_policy, float>, sf::host>;

double step(sf::trainer<soft_model>& run, std::vector<float> const& images) {
  std::vector<float> labels(images.size() / soft_model::network_type::inputs * shape.classes, 1.0F / shape.classes);
  return run.step(images, labels).loss;
}

}  // namespace own_head

namespace own_format {

struct my_policy : sf::policy::slim {
  using norm = sf::stash::layer_norm_normalized<sf::stash::quantized<mxfp4>>;
};
static_assert(sf::plan<sf::vit<shape, my_policy, sf::host>>(32).peak() > 0);

}  // namespace own_format

namespace own_rate {

struct square_root_decay {
  double operator()(sf::index_t step, sf::index_t /*steps*/) const {
    return 1 / std::sqrt(static_cast<double>(step + 1));
  }
};
using trainer = sf::trainer<model, sf::adamw, my_policy::freezing, square_root_decay>;

trainer make_trainer(model& net) { return trainer(net, trainer::setup{.options = {.steps = 1000}}); }

}  // namespace own_rate
