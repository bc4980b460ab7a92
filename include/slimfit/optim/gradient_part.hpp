// SPDX-License-Identifier: MIT
// The part of a parameter that a gradient covers.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Elements of a parameter that a gradient covers: `count` from `first` on. A large gradient may come in parts, one
/// after the other from the first element on, each but the last a multiple of `update_block` elements.
struct gradient_part {
  index_t first = 0;
  index_t count = 0;
};

}  // namespace slimfit
