// SPDX-License-Identifier: MIT
// Everything, for the backends that this translation unit's compiler supports. SLIMFIT_NO_HOST leaves the host out, for
// programs that train on CUDA where no BLAS is installed.
#pragma once

#include <slimfit/backend/needs_nvcc.hpp>
#include <slimfit/core/config.hpp>
#if !defined(SLIMFIT_NO_HOST)
#include <slimfit/backend/host.hpp>
#endif
#include <slimfit/communication.hpp>
#include <slimfit/format.hpp>
#include <slimfit/freezing.hpp>
#include <slimfit/huggingface.hpp>
#include <slimfit/io.hpp>
#include <slimfit/kernels.hpp>
#include <slimfit/layers.hpp>
#include <slimfit/memory.hpp>
#include <slimfit/models.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/pass.hpp>
#include <slimfit/plan.hpp>
#include <slimfit/policy.hpp>
#include <slimfit/rows.hpp>
#include <slimfit/stash.hpp>
#include <slimfit/train.hpp>

#if defined(__CUDACC__)
#include <slimfit/cuda.cuh>
#endif
