// SPDX-License-Identifier: MIT
// What the documentation's examples add to the library, on CUDA beside the host: the same losses, memory as planned.
#include <doctest/doctest.h>

#include <cmath>

#include "examples/extending/feature_scale.hpp"
#include "examples/extending/gated_vit.hpp"
#include "examples/extending/mxfp4.hpp"
#include "examples/extending/soft_labels.hpp"
#include "examples/extending/train.hpp"

using namespace slimfit;

namespace own_criterion {
#include "examples/own_criterion.cpp"
}
namespace own_format {
#include "examples/own_format.cpp"
}
namespace own_layer {
#include "examples/own_layer.cpp"
}

namespace {

template <template <class> class Model>
void check_beside_host() {
  constexpr int steps = 10;
  auto const expected = extending::run<Model<host>>(steps);
  auto const actual = extending::run<Model<cuda>>(steps);
  // Sums in another order, through some updates.
  CHECK(actual.first == doctest::Approx(expected.first).epsilon(1e-5));
  CHECK(actual.last == doctest::Approx(expected.last).epsilon(1e-3));
  CHECK(actual.last < actual.first);
  CHECK(actual.as_planned);
}

template <class Device>
using with_criterion = vit<extending::shape, own_criterion::my_policy, Device>;
template <class Device>
using with_format = vit<extending::shape, own_format::my_policy, Device>;
template <class Device>
using with_layer = model<own_layer::network, Device>;
inline constexpr vit_shape gated_shape{
    .image = 16, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 4, .classes = 2};
template <class Device>
using with_blocks = model<gated_vit<gated_shape, mixed_policy, float>, Device>;

struct in_mxfp4 : policy::slim {
  using norm = stash::layer_norm_normalized<stash::quantized<mxfp4>>;
};
/// Rows normalised in MXFP4, the mean of the patches, soft labels.
template <class Policy, scalar T>
struct pooled_parts : vit_parts<extending::shape, Policy, T> {
  using head = pooled_head<extending::shape.hidden, extending::shape.classes, pooling::mean_of_patches, Policy, T>;
  using loss = soft_cross_entropy_loss<extending::shape.classes, T>;
};
template <class Policy, scalar T>
struct pooled_vit : vit_network<extending::shape, Policy, T, pooled_parts<Policy, T>> {};

/// Losses of ten steps with labels of 0.9 and 0.1.
template <class Device>
std::vector<double> losses_of_soft_labels() {
  Device device;
  model<pooled_vit<in_mxfp4, float>, Device> net(device);
  trainer run(net, adamw{.learning_rate = 3e-3});
  extending::noise data(pooled_vit<in_mxfp4, float>::inputs);
  std::vector<double> losses;
  for (int step = 0; step < 10; ++step) {
    data.draw(extending::batch);
    std::vector<float> labels;
    for (auto const label : data.labels) {
      labels.insert(labels.end(), {label == 0 ? 0.9F : 0.1F, label == 0 ? 0.1F : 0.9F});
    }
    auto const report = run.step(data.images, labels);
    CHECK(report.measured == report.planned);
    losses.push_back(report.loss);
  }
  return losses;
}

}  // namespace

TEST_CASE("a criterion of one's own") { check_beside_host<with_criterion>(); }
TEST_CASE("a format of one's own") { check_beside_host<with_format>(); }
TEST_CASE("a layer of one's own") { check_beside_host<with_layer>(); }
TEST_CASE("blocks of one's own, under a policy per block") { check_beside_host<with_blocks>(); }
TEST_CASE("a format with scales, a pooling and a loss of one's own") {
  auto const expected = losses_of_soft_labels<host>();
  auto const actual = losses_of_soft_labels<cuda>();
  CHECK(actual.front() == doctest::Approx(expected.front()).epsilon(1e-5));
  CHECK(actual.back() == doctest::Approx(expected.back()).epsilon(1e-3));
  CHECK(actual.back() < actual.front());
}
