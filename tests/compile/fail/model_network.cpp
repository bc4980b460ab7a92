// SPDX-License-Identifier: MIT
// expect: slimfit: model<Network, Device>: Network must have units_bound(), which is called when parameters have been given their units; sequence_network has it
#include <slimfit/backend/host.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct network {
  using value_type = float;
  using policy_type = policy::slim;
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& /*visitor*/, Name const& /*name*/) {}
};
using wrong = model<network, host>;
int const units = wrong::units;
