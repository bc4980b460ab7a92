// SPDX-License-Identifier: MIT
// expect: slimfit: trainer<..., Communicator>: an optimizer with sliced_state needs a communicator with share()
#include <slimfit/slimfit.hpp>

using namespace slimfit;

/// Ranks that cannot give each other their slices.
struct several : single {
  static constexpr bool is_single = false;
};
host device;
several ranks;
shared_passes<host, float, several, sliced_state> passes(device, ranks, 1, 1);
