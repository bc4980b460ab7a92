// SPDX-License-Identifier: MIT
// Everything, for the backends that this translation unit's compiler supports.
#pragma once

#include <slimfit/backend/host.hpp>
#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/clipping.hpp>
#include <slimfit/optim/sgd.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/checkpoint.hpp>
#include <slimfit/train/plan.hpp>
#include <slimfit/train/trainer.hpp>

#if defined(__CUDACC__)
#include <slimfit/cuda.cuh>
#endif
