// SPDX-License-Identifier: MIT
// Everything, for the backends that this translation unit's compiler supports. SLIMFIT_NO_HOST leaves the host out, for
// programs that train on CUDA where no BLAS is installed.
#pragma once

#include <slimfit/core/config.hpp>
#if !defined(SLIMFIT_NO_HOST)
#include <slimfit/backend/host.hpp>
#endif
#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/clipping.hpp>
#include <slimfit/optim/sgd.hpp>
#include <slimfit/plan/plan.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/checkpoint.hpp>
#include <slimfit/train/published_recipes.hpp>
#include <slimfit/train/run_checkpoint.hpp>
#include <slimfit/train/trainer.hpp>

#if defined(__CUDACC__)
#include <slimfit/cuda.cuh>
#endif
