// SPDX-License-Identifier: MIT
// expect: slimfit: trainer<..., LearningRate>: LearningRate must be callable as double(index_t step, index_t steps), like linear_decay
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

using namespace slimfit;

using net_type = vit<shapes::vit_small_16, policy::slim, host>;
void train(net_type& net) { trainer<net_type, adamw, freezing::never, double> const run(net); }
