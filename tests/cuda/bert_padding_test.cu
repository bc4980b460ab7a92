// SPDX-License-Identifier: MIT
// BERT on CUDA with sequences of several lengths, dropout, and every head, beside the same on the host.
#include <slimfit/slimfit.hpp>

#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

template <bert_head Head, int Dropout>
inline constexpr bert_shape small{.vocabulary = 50,
                                  .positions = 16,
                                  .types = 2,
                                  .hidden = 32,
                                  .heads = 4,
                                  .mlp = 64,
                                  .layers = 2,
                                  .classes = 3,
                                  .tokens = 9,
                                  .head = Head,
                                  .hidden_dropout = Dropout,
                                  .attention_dropout = Dropout};

/// Word ids, then type ids, of sequences of 9, 4, 1 and 6 tokens.
std::vector<std::int32_t> inputs() {
  std::vector<std::int32_t> values;
  random_stream const random{.seed = 11};
  for (int const length : {9, 4, 1, 6}) {
    for (int token = 0; token < 9; ++token) {
      auto const word = 1 + static_cast<std::int32_t>(random.word(std::ssize(values)) % 20);
      values.push_back(token < length ? word : 0);
    }
    for (int token = 0; token < 9; ++token) { values.push_back(token > 2 && token < length ? 1 : 0); }
  }
  return values;
}

template <class Policy, bert_head Head, int Dropout, class Labels>
void compare(Labels const& labels) {
  auto const expected = train<bert<small<Head, Dropout>, Policy, host>>(inputs(), labels, 10);
  auto const actual = train<bert<small<Head, Dropout>, Policy, cuda>>(inputs(), labels, 10);
  check_follows(actual, expected, 1e-3);
}

}  // namespace

TEST_CASE_TEMPLATE("padding and dropout on CUDA follow the host", Policy, policy::eager, policy::paper,
                   policy::paper_published, policy::exact, policy::slim) {
  compare<Policy, bert_head::classification, 10>(std::vector<std::int32_t>{1, 2, 0, 1});
}

TEST_CASE_TEMPLATE("question answering and regression on CUDA follow the host", Policy, policy::eager, policy::slim) {
  compare<Policy, bert_head::span, 0>(std::vector<std::int32_t>{1, 8, 0, 3, 0, 0, 2, 5});
  compare<Policy, bert_head::regression, 0>(std::vector<float>{1, -0.5F, 0, 2});
}
