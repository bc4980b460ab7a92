// SPDX-License-Identifier: MIT
// Attention's kernels on CUDA against plain loops: every head size, every edge of its tiles, dense operands.
#include "support/attention_run.cuh"

using namespace slimfit;

namespace {

template <int Heads, int Size, class T>
void compare(index_t sequences, index_t tokens) {
  CAPTURE(Size);
  CAPTURE(tokens);
  auto const data = test::random_attention<Heads, Size, T>(sequences, tokens);
  std::array<std::vector<double>, 3> operands;
  for (std::size_t i = 0; i < 3; ++i) { operands[i] = test::widened(data.operands[i]); }
  auto const truth = test::expected_attention<Heads, Size>(data, operands);
  auto const actual = test::run_attention<Heads, Size, stash::probabilities_recomputed, stash::dense>(data);
  test::check_close(actual, truth, test::attention_tolerance<T>);
  constexpr bool fused = std::is_same_v<T, bf16> && Size % 8 == 0 && Size <= 64;
  CHECK(actual.sums_made == (fused && tokens <= 256));
}

}  // namespace

TEST_CASE_TEMPLATE("attention on CUDA: equals plain loops for every number of tokens", T, float, bf16) {
  for (index_t tokens : {1, 5, 17, 63, 64, 65}) { compare<2, 64, T>(2, tokens); }
  compare<1, 64, T>(1, 197);
  compare<1, 64, T>(1, 240);  // in bf16 a block owns a whole head up to 224 queries and 256 keys
  compare<1, 32, T>(1, 260);
}

TEST_CASE_TEMPLATE("attention on CUDA: equals plain loops for every head size", T, float, bf16) {
  compare<2, 4, T>(2, 17);
  compare<4, 8, T>(1, 65);
  compare<1, 12, T>(2, 17);
  compare<2, 16, T>(1, 17);
  compare<2, 32, T>(1, 65);
  compare<1, 48, T>(1, 33);
  compare<1, 80, T>(1, 65);
  compare<1, 128, T>(1, 65);
}
