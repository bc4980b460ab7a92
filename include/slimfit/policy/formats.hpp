// SPDX-License-Identifier: MIT
// All number formats.
#pragma once

#include <slimfit/policy/format/affine.hpp>
#include <slimfit/policy/format/codebook.hpp>
#include <slimfit/policy/format/fixed_point.hpp>
#include <slimfit/policy/format/format.hpp>
#include <slimfit/policy/format/gelu_derivative.hpp>
#include <slimfit/policy/format/symmetric.hpp>
