// SPDX-License-Identifier: MIT
// expect: slimfit: embedding<Vocabulary, Positions, Types, ...>: sizes must be positive
#include <slimfit/layers/embedding.hpp>

using namespace slimfit;

constexpr embedding<100, 0, 2, 64, float> layer;
