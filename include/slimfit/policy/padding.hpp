// SPDX-License-Identifier: MIT
// Policy: what becomes of the tokens that fill short sequences up.
#pragma once

namespace slimfit {

enum class padding_tokens : unsigned char {
  masked,   ///< have rows like all tokens, up to the longest sequence of the batch; nobody attends to them
  dropped,  ///< have no rows: nothing is computed or kept for them
  filled    ///< have rows up to the network's number of tokens in every batch, and answers may begin and end there;
            ///< nobody attends to them. What a framework computes that fills up to a fixed length
};

}  // namespace slimfit
