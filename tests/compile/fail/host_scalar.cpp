// SPDX-License-Identifier: MIT
// expect: slimfit: the host backend multiplies float and double; use another scalar type
// It is not the first error: the sentence is reached inside a function.
#include <slimfit/backend/host.hpp>

using namespace slimfit;

void multiply(host const& device, bf16* c) { device.multiply<bf16>(8, 8, 8, {}, {}, c, 8); }
