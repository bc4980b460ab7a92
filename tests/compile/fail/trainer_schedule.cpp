// SPDX-License-Identifier: MIT
// expect: slimfit: trainer<Model, Optimizer, Schedule>: Schedule must be a schedule, e.g. freezing::inter_layer<freezing::relative_update, percent<95>>; a criterion alone is none
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

using namespace slimfit;

using net_type = vit<shapes::vit_small_16, policy::slim, host>;
void train(net_type& net) { trainer<net_type, adamw, freezing::round_robin> const run(net); }
