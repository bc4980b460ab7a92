// SPDX-License-Identifier: MIT
// What a freezing schedule is: a policy's `freezing` and a trainer's third argument.
#pragma once

#include <concepts>
#include <cstdint>

#include <slimfit/freezing/active_set.hpp>

namespace slimfit::freezing {

/// A schedule `S` has `make_state(units, seed)`: what changes while training, which chooses the active units of an
/// iteration. `inter_layer`, `inter_layer_within` and `never` are schedules; criteria are not.
template <class S>
concept freezing_schedule = requires(S const& schedule, index_t units, std::uint64_t seed) {
  { schedule.make_state(units, seed).choose(units) } -> std::convertible_to<active_set>;
};

}  // namespace slimfit::freezing
