// SPDX-License-Identifier: MIT
// The smallest BERT that has everything.
#pragma once

#include <slimfit/models/bert.hpp>

namespace slimfit::testing {

inline constexpr bert_shape small_bert_shape{.vocabulary = 50,
                                             .positions = 16,
                                             .types = 2,
                                             .hidden = 32,
                                             .heads = 4,
                                             .mlp = 64,
                                             .layers = 2,
                                             .classes = 3,
                                             .tokens = 7};

}  // namespace slimfit::testing
