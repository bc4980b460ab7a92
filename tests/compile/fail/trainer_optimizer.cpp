// SPDX-License-Identifier: MIT
// expect: slimfit: trainer<Model, Optimizer, ...>: Optimizer must be the options of an optimizer, e.g. adamw{.learning_rate = 1e-4}
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

using namespace slimfit;

using net_type = vit<shapes::vit_small_16, policy::slim, host>;
void train(net_type& net) { trainer const run{net, 1e-4}; }
