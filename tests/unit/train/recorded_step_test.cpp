// SPDX-License-Identifier: MIT
// Steps that are recorded once and run again do what they would have done if they were not: nothing that changes from
// step to step is among the arguments that work was recorded with. On a host backend that records; tests/cuda has the
// same on CUDA graphs.
#include <doctest/doctest.h>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>

#include "support/drawn_training.hpp"
#include "support/fixture.hpp"
#include "support/recording_host.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

template <class Model, class Options>
void check_recorded(Options const& options, std::vector<typename Model::network_type::input_type> const& inputs,
                    std::vector<std::int32_t> const& labels) {
  recording_host device({.threads = 1});
  auto const expected = train_drawn<Model>(device, options, false, inputs, labels);
  CHECK(device.recordings == 0);
  check_same(train_drawn<Model>(device, options, true, inputs, labels), expected);
  CHECK(device.replays == 8);
  CHECK(device.recordings >= 2);  // of each half
  CHECK(device.recordings <= 4);
}

/// Gradients are kept, and one matrix draws.
struct kept_gradients : policy::eager {
  using gelu = stash::gelu_input<stash::quantized<format::symmetric<4, 16, format::stochastic>>>;
};
constexpr vit_shape images_shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, .classes = 5};

}  // namespace

TEST_CASE("recorded: dropout, random codes, coded moments that coast, bf16 weights, a rate that warms up") {
  using model_type = bert<dropping_shape, drawn_policy, recording_host, bf16>;
  using options = basic_adamw<coasting, moments::bits8_from<256>>;
  check_recorded<model_type>(options{.learning_rate = 1e-2}, dropping_inputs, dropping_labels);
}

TEST_CASE("recorded: kept gradients, clipped, moments that are dropped") {
  using model_type = vit<images_shape, kept_gradients, recording_host, float>;
  auto const drawn = test::normal<float>(3 * 144, 7);
  std::vector<float> const images(drawn.begin(), drawn.end());
  check_recorded<model_type>(clip_global_norm{basic_adamw<drop_when_frozen>{.learning_rate = 1e-2}, 0.5}, images,
                             {1, 4, 0});
}
