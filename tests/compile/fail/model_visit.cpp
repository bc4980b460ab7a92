// SPDX-License-Identifier: MIT
// expect: slimfit: model<Network, Device>: Network must have visit(visitor, name), which calls visitor(parameter, name) for every parameter
#include <slimfit/backend/host.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct network {
  using value_type = float;
  using policy_type = policy::slim;
  constexpr void units_bound() {}
};
int const units = model<network, host>::units;
