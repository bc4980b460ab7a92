// SPDX-License-Identifier: MIT
// The stack that a policy asks for: equal blocks, or runs of blocks with policies of their own.
#pragma once

#include <slimfit/layers/stack.hpp>
#include <slimfit/policy/per_block.hpp>

namespace slimfit {

namespace detail {
template <class Policy, template <class> class Block, int Layers>
struct stack_for_policy {
  using type = stack<Block<Policy>, Layers, Policy::biases, typename Policy::blocks>;
};
template <class Policy, template <class> class Block, int Layers>
requires requires { typename Policy::lower_blocks; }
struct stack_for_policy<Policy, Block, Layers> {
  static constexpr int rest = Layers - Policy::lower_count;
  static_assert(rest > 0,
                "slimfit: per_block<Above, Lower...>: Lower must leave at least one of the network's blocks to Above");
  template <class... Lower>
  static auto make(std::tuple<Lower...> const&)
      -> stack_of<Policy::biases, typename Policy::blocks,
                  equal_blocks<Block<typename Lower::policy_type>, Lower::count>...,
                  equal_blocks<Block<Policy>, (rest > 0 ? rest : 1)>>;
  using type = decltype(make(std::declval<typename Policy::lower_blocks>()));
};
}  // namespace detail

/// @tparam Policy a model policy, or policy::per_block<...>
/// @tparam Block  the block for a policy
template <class Policy, template <class> class Block, int Layers>
using policy_stack = typename detail::stack_for_policy<Policy, Block, Layers>::type;

}  // namespace slimfit
