// SPDX-License-Identifier: MIT
// All optimizers.
#pragma once

#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/clipping.hpp>
#include <slimfit/optim/sgd.hpp>
