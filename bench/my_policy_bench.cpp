// SPDX-License-Identifier: MIT
// How to benchmark a policy of your own: include one header, name the policy in one line.
#include "benchmark_policy.hpp"

namespace {
struct my_policy : slimfit::policy::slim {
  using norm = slimfit::stash::layer_norm_normalized<slimfit::stash::quantized<slimfit::format::affine<8>>>;
};
}  // namespace

SLIMFIT_BENCHMARK_POLICY(my_policy, 90);

BENCHMARK_MAIN();
