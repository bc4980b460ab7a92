// SPDX-License-Identifier: MIT
// BERT trained on CUDA beside the same one on the host, and recorded beside the same one that is not.
#include <slimfit/slimfit.hpp>

#include "support/drawn_training.hpp"
#include "support/small_bert.hpp"
#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

inline constexpr bert_shape small = small_bert_shape;
constexpr index_t batch = 3;

/// Word ids, of which some repeat, then type ids, for each sample.
std::vector<std::int32_t> inputs() {
  std::vector<std::int32_t> values;
  random_stream const random{.seed = 11};
  for (index_t sample = 0; sample < batch; ++sample) {
    for (index_t token = 0; token < small.tokens; ++token) {
      values.push_back(static_cast<std::int32_t>(random.word(sample * small.tokens + token) % 20));
    }
    for (index_t token = 0; token < small.tokens; ++token) { values.push_back(token < 4 ? 0 : 1); }
  }
  return values;
}
std::vector<std::int32_t> const labels{1, 2, 0};

}  // namespace

TEST_CASE_TEMPLATE("training on CUDA follows the host", Policy, policy::eager, policy::paper, policy::exact,
                   policy::slim) {
  auto const expected = train<bert<small, Policy, host>>(inputs(), labels, 30);
  auto const actual = train<bert<small, Policy, cuda>>(inputs(), labels, 30);
  check_follows(actual, expected, 1e-3);
  CHECK(train<bert<small, Policy, cuda>>(inputs(), labels, 3).last_weights ==
        train<bert<small, Policy, cuda>>(inputs(), labels, 3).last_weights);
}

TEST_CASE("recorded steps with everything that draws or changes are those that are not recorded") {
  using model_type = bert<dropping_shape, drawn_policy, cuda, bf16>;
  basic_adamw<coasting, moments::bits8_from<256>> const options{.learning_rate = 1e-2};
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  auto const history = [&](bool record) {
    cuda device({.stream = stream});
    return train_drawn<model_type>(device, options, record, dropping_inputs, dropping_labels);
  };
  check_same(history(true), history(false));
  check(cudaStreamDestroy(stream), "stream");
}
