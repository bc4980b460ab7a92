// SPDX-License-Identifier: MIT
// Groups of lanes and the tiles of rows that they own.
#pragma once

#include <slimfit/rows/element_run.hpp>
#include <slimfit/rows/group.hpp>
#include <slimfit/rows/random_tile.hpp>
#include <slimfit/rows/row_kernel.hpp>
#include <slimfit/rows/tile.hpp>
