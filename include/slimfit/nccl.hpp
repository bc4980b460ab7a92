// SPDX-License-Identifier: MIT
// Training on several CUDA devices with NCCL, a process for each. Needs NCCL's header nccl.h and its library; CMake's
// target slimfit::nccl brings both.
#pragma once

#include <slimfit/nccl/communicator.hpp>
#include <slimfit/nccl/launched_rank.hpp>
#include <slimfit/nccl/session.hpp>
#include <slimfit/nccl/start.hpp>
#include <slimfit/nccl/tcp.hpp>
