// SPDX-License-Identifier: MIT
// expect: slimfit: fixed<Predicate>: Predicate needs a static bool active(index_t unit, index_t units), like freezing::last<8>
#include <slimfit/freezing.hpp>

using namespace slimfit;

struct only_the_first {
  static constexpr bool trains(index_t unit) { return unit == 0; }
};
bool const active = freezing::fixed<only_the_first>::can_be_active(0, 10);
