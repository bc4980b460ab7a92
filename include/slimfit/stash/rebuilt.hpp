// SPDX-License-Identifier: MIT
// Stash of a linear's input that is not kept because what a neighbour keeps gives it back.
#pragma once

#include <slimfit/stash/dense.hpp>

namespace slimfit::stash {

/// Nothing is kept here: the input is rebuilt, element by element, from the stash of the normalisation or GELU before
/// it.
struct rebuilt : none {};

}  // namespace slimfit::stash
