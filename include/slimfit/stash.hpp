// SPDX-License-Identifier: MIT
// All stash types: in what form a matrix waits for the backward pass.
#pragma once

#include <slimfit/stash/activation_stash.hpp>
#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/dense.hpp>
#include <slimfit/stash/form.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>
#include <slimfit/stash/matrix_selection.hpp>
#include <slimfit/stash/matrix_stash.hpp>
#include <slimfit/stash/probability_stash.hpp>
#include <slimfit/stash/pruned.hpp>
#include <slimfit/stash/pruned_matrix.hpp>
#include <slimfit/stash/quantized.hpp>
#include <slimfit/stash/rebuilt.hpp>
#include <slimfit/stash/selection.hpp>
