// SPDX-License-Identifier: MIT
// expect: slimfit: per_block<Above, Lower...>: Lower must leave at least one of the network's blocks to Above
#include <slimfit/layers/policy_stack.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

template <class Policy>
using block_of = pre_norm_block<16, 2, 32, Policy, float>;
using mixed = policy::per_block<policy::slim, policy::lowest<4, policy::slim_8bit>>;
using wrong = policy_stack<mixed, block_of, 4>;
