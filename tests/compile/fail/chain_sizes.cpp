// SPDX-License-Identifier: MIT
// expect: slimfit: chain<First, Rest...>: each layer must have as many inputs as the one before it has outputs
#include <slimfit/layers/chain.hpp>
#include <slimfit/layers/linear.hpp>

using namespace slimfit;

template <int In, int Out>
using linear_map = linear<In, Out, stash::dense, float>;
int const outputs = chain<linear_map<4, 6>, linear_map<5, 4>>::outputs;
