// SPDX-License-Identifier: MIT
// All optimizers, and what plugs into them.
#pragma once

#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/adamw_policies.hpp>
#include <slimfit/optim/clipping.hpp>
#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/joint_updates.hpp>
#include <slimfit/optim/kernels/adamw.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/kernels/moment_code.hpp>
#include <slimfit/optim/kernels/moment_storage.hpp>
#include <slimfit/optim/kernels/sgd.hpp>
#include <slimfit/optim/kernels/shared_sums.hpp>
#include <slimfit/optim/kernels/sound_update.hpp>
#include <slimfit/optim/kernels/update_sums.hpp>
#include <slimfit/optim/kernels/update_totals.hpp>
#include <slimfit/optim/kernels/updated_weights.hpp>
#include <slimfit/optim/moments.hpp>
#include <slimfit/optim/optimizer.hpp>
#include <slimfit/optim/optimizer_state.hpp>
#include <slimfit/optim/optimizer_traits.hpp>
#include <slimfit/optim/option_checks.hpp>
#include <slimfit/optim/parameter_role.hpp>
#include <slimfit/optim/parameter_update.hpp>
#include <slimfit/optim/sgd.hpp>
#include <slimfit/optim/state_layout.hpp>
#include <slimfit/optim/state_slices.hpp>
#include <slimfit/optim/update_statistics.hpp>
#include <slimfit/optim/weight_decay.hpp>
