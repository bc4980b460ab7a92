// SPDX-License-Identifier: MIT
// Policies that differ from block to block, e.g. 8 bits in the lower half of a stack and 4 in the upper.
#pragma once

#include <tuple>

#include <slimfit/policy/model_policy.hpp>

namespace slimfit::policy {

/// The next `Count` blocks from the input on have `Policy`.
template <int Count, class Policy>
struct lowest : private slimfit::detail::checked_policy<Policy> {
  static_assert(Count > 0, "slimfit: lowest<Count, Policy>: Count must be positive");
  using policy_type = Policy;
  static constexpr int count = Count;
};

/// `Above`, but for the lowest blocks: `per_block<slim, lowest<6, slim_8bit>>`. What is no operator of a block (the
/// schedule, embedding, head, biases, which blocks are recomputed) is `Above`'s.
/// @tparam Lower `lowest<Count, Policy>`, from the input on
template <class Above, class... Lower>
struct per_block : Above {
  static_assert(sizeof...(Lower) > 0, "slimfit: per_block<Above, Lower...>: Lower must be lowest<Count, Policy>...");
  static_assert(((Lower::policy_type::biases == Above::biases) && ...),
                "slimfit: per_block<Above, Lower...>: all policies must update biases alike (bias_updates)");
  using lower_blocks = std::tuple<Lower...>;
  static constexpr int lower_count = (Lower::count + ...);
};

}  // namespace slimfit::policy
