// SPDX-License-Identifier: MIT
// All number formats.
#pragma once

#include <slimfit/format/affine.hpp>
#include <slimfit/format/bit_packing.hpp>
#include <slimfit/format/code_polynomial.hpp>
#include <slimfit/format/codebook.hpp>
#include <slimfit/format/elementwise.hpp>
#include <slimfit/format/fixed_point.hpp>
#include <slimfit/format/gelu_derivative.hpp>
#include <slimfit/format/grouped.hpp>
#include <slimfit/format/scale_groups.hpp>
#include <slimfit/format/scaled.hpp>
#include <slimfit/format/sign.hpp>
#include <slimfit/format/storage_format.hpp>
#include <slimfit/format/symmetric.hpp>
