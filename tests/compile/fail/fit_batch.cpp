// SPDX-License-Identifier: MIT
// expect: slimfit: fit<Model, Budget, Batch>: Budget, in bytes, and Batch, in samples, must be positive
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/plan/fit.hpp>

using namespace slimfit;

template <class Policy>
using network = vit<shapes::vit_small_16, Policy, host>;
using choices = candidates<candidate<policy::exact, 0, 0, 100>>;
index_t const peak = fit<network, 300 * MiB, -1, choices>::peak;
