// SPDX-License-Identifier: MIT
// All stash types.
#pragma once

#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/dense.hpp>
#include <slimfit/stash/gelu_stash.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>
#include <slimfit/stash/matrix_stash.hpp>
#include <slimfit/stash/pruned.hpp>
#include <slimfit/stash/quantized.hpp>
