// SPDX-License-Identifier: MIT
// expect: slimfit: model<Network, Device>: Network must have value_type, its scalar, and policy_type, a model policy
#include <slimfit/backend/host.hpp>
#include <slimfit/models/model.hpp>

using namespace slimfit;

struct network {
  using value_type = float;
};
int const units = model<network, host>::units;
