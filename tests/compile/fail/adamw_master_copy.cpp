// SPDX-License-Identifier: MIT
// expect: slimfit: adamw: weights::master_copy is for bf16 weights; float and double weights are updated as they are: use weights::stochastic, the default
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

using namespace slimfit;

using net_type = vit<shapes::vit_small_16, policy::slim, host>;
using options = basic_adamw<strict, moments::float32, weights::master_copy>;
void train(net_type& net) { trainer const run{net, options{.learning_rate = 1e-4}}; }
