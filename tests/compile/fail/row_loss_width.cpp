// SPDX-License-Identifier: MIT
// expect: slimfit: row_loss<Function, Width, T>: Width must be positive
#include <slimfit/layers/row_loss.hpp>

using namespace slimfit;

struct none {};
index_t const labels = row_loss<none, 0, float>::labels;
