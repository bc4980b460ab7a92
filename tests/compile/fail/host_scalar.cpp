// SPDX-License-Identifier: MIT
// expect: slimfit: the host backend multiplies matrices of bf16 and float with one another, and of double; use another scalar type
// It is not the first error: the sentence is reached inside a function.
#include <slimfit/backend/host.hpp>

using namespace slimfit;

void multiply(operand<float> a, operand<double> b, double* c) {
  host::multiply_serial(8, 8, 8, 1.0, a, b, c, 8, update_mode::overwrite);
}
