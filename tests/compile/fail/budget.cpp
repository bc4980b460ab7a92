// SPDX-License-Identifier: MIT
// expect: slimfit: fit: no candidate fits the budget. checked_budget<...> in this message has the smallest candidate, the MiB it takes too much (missing_mebibytes), and three remedies: the batch that would fit (0: none), what would still be missing in bf16, and what with moments::bits8 (0: it fits)
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/plan/fit.hpp>

using namespace slimfit;

template <class Policy>
using network = vit<shapes::vit_small_16, Policy, host>;
using choices = candidates<candidate<policy::exact, 0, 0, 100>, candidate<policy::slim, 90, 500, 100>>;
index_t const peak = fit<network, 300 * MiB, 64, choices>::peak;
