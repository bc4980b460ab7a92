// SPDX-License-Identifier: MIT
// expect: slimfit: block<Chunk, Halves...>: at least one half is expected
#include <slimfit/layers/block.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

using wrong = block<policy::slim::chunk>;
wrong const none{};
