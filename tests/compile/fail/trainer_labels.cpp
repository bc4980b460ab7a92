// SPDX-License-Identifier: MIT
// expect: slimfit: trainer: inputs and labels must be contiguous, of the network's types: images of its scalar (float) or ids of std::int32_t, and labels of std::int32_t for classes and spans, of its scalar for numbers
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

using namespace slimfit;

using net_type = vit<shapes::vit_small_16, policy::slim, host>;
double train(trainer<net_type>& run, std::vector<float> const& images, std::vector<std::int64_t> const& labels) {
  return run.step(images, labels).loss;
}
