// SPDX-License-Identifier: MIT
// Attention on CUDA: padding, dropout, NaN, and the same bits in every run.
#include "support/attention_run.cuh"

using namespace slimfit;

namespace {

template <class T>
auto original(test::attention_data<T> const& data) {
  return std::array{test::widened(data.operands[0]), test::widened(data.operands[1]), test::widened(data.operands[2])};
}
using rebuilt = stash::probabilities_recomputed;

}  // namespace

TEST_CASE_TEMPLATE("attention on CUDA: keys beyond a sequence's length do not count", T, float, bf16) {
  constexpr index_t tokens = 70;
  std::vector<std::int32_t> const lengths{70, 64, 3, 0};
  auto data = test::random_attention<2, 32, T>(4, tokens);
  data.lengths = lengths;
  auto truth = test::expected_attention<2, 32>(data, original(data));
  // Whatever the padding holds.
  for (std::size_t sequence = 0; sequence < 4; ++sequence) {
    for (auto i = static_cast<std::size_t>(lengths[sequence]) * 64; i < tokens * 64; ++i) {
      data.operands[1][sequence * tokens * 64 + i] = static_cast<T>(1e30F);
      data.operands[2][sequence * tokens * 64 + i] = static_cast<T>(std::nanf(""));
    }
  }
  auto actual = test::run_attention<2, 32, rebuilt, stash::dense>(data);
  for (std::size_t i = 3 * tokens * 64; i < actual.output.size(); ++i) {  // the sequence without valid keys
    CHECK(actual.output[i] == 0);
    for (auto const& each : actual.gradients) { CHECK(each[i] == 0); }
  }
  for (auto* const each : {&actual.kept, &truth.kept}) { each->resize(3 * 2 * tokens); }
  test::check_close(actual, truth, test::attention_tolerance<T>);
}

TEST_CASE_TEMPLATE("attention on CUDA: sequences of several lengths, one after the other", T, float, bf16, double) {
  std::vector<std::int32_t> const starts{0, 1, 71, 104, 168};
  auto const data = test::random_attention<2, 32, T>(4, 70, starts);
  auto const truth = test::expected_attention<2, 32>(data, original(data));
  auto const check = [&](auto const& actual) { test::check_close(actual, truth, test::attention_tolerance<T>); };
  check(test::run_attention<2, 32, rebuilt, stash::dense>(data));
  if constexpr (!std::is_same_v<T, double>) {
    check(test::run_attention<2, 32, rebuilt, stash::dense, T, false, true>(data));
    kernels::attention_options const options{.dropout = 0.25F, .random = {.seed = 7, .iteration = 3, .place = 5}};
    test::check_close(test::run_attention<2, 32, rebuilt, stash::dense, T, true>(data, options),
                      test::expected_attention<2, 32>(data, original(data), {}, options), test::attention_tolerance<T>);
  }
  // Kept probabilities have a column for every token of the longest sequence; those of others are not written.
  auto const identity = [](double p) { return p; };
  auto stored = test::expected_attention<2, 32>(data, original(data), identity);
  auto actual = test::run_attention<2, 32, stash::probabilities_dense, stash::dense>(data);
  auto const shorter = [](std::vector<double> const& kept, std::vector<std::int32_t> const& first) {
    std::vector<double> values;
    for (std::size_t row = 0, sequence = 0; row < kept.size() / 70; ++row) {
      while (row >= 2 * test::length(first[sequence + 1])) { ++sequence; }
      auto const count = first[sequence + 1] - first[sequence];
      for (std::int32_t i = 0; i < count; ++i) { values.push_back(kept[row * 70 + test::length(i)]); }
    }
    return values;
  };
  actual.kept = shorter(actual.kept, starts);
  test::check_close(actual, stored, test::attention_tolerance<T>);
}

TEST_CASE_TEMPLATE("attention on CUDA: drops the probabilities that the random stream says", T, float, bf16) {
  kernels::attention_options const options{.dropout = 0.25F, .random = {.seed = 7, .iteration = 3, .place = 5}};
  for (index_t tokens : {5, 66}) {
    auto const data = test::random_attention<2, 32, T>(2, tokens);
    auto const truth = test::expected_attention<2, 32>(data, original(data), {}, options);
    auto const actual = test::run_attention<2, 32, rebuilt, stash::dense, T, true>(data, options);
    test::check_close(actual, truth, test::attention_tolerance<T>);
    auto const plain = test::run_attention<2, 32, rebuilt, stash::dense, T>(data);
    CHECK(test::distance(plain.output, actual.output) > 0.1);
  }
  auto const data = test::random_attention<2, 32, T>(1, 33);
  auto const truth = test::expected_attention<2, 32>(
      data, original(data), [](double p) { return p; }, options);
  auto const actual = test::run_attention<2, 32, stash::probabilities_dense, stash::dense, T, true>(data, options);
  test::check_close(actual, truth, test::attention_tolerance<T>);
}

TEST_CASE_TEMPLATE("attention on CUDA: NaN stays visible, in its own row", T, float, bf16) {
  auto data = test::random_attention<1, 32, T>(1, 20);
  data.operands[0][32] = static_cast<T>(std::nanf(""));
  auto const check = [&](auto const& result) {
    for (std::size_t i = 0; i < 20 * 32; ++i) {
      CHECK(std::isnan(result.output[i]) == (i / 32 == 1));
      CHECK(std::isnan(result.gradients[0][i]) == (i / 32 == 1));
      CHECK(std::isnan(result.gradients[1][i]));  // every key is seen by that query
      CHECK(std::isnan(result.gradients[2][i]));
    }
  };
  check(test::run_attention<1, 32, rebuilt, stash::dense>(data));
  check(test::run_attention<1, 32, stash::probabilities_dense, stash::dense>(data));
}

TEST_CASE_TEMPLATE("attention on CUDA: large scores of either sign do not overflow", T, float, bf16) {
  auto data = test::random_attention<1, 32, T>(1, 70);
  for (auto& each : data.operands[0]) { each = static_cast<T>(32 * static_cast<float>(each)); }
  for (std::size_t i = 0; i < 32; ++i) { data.operands[0][32 + i] = static_cast<T>(0.0F); }
  auto const actual = test::run_attention<1, 32, rebuilt, stash::dense>(data);
  auto const truth = test::expected_attention<1, 32>(data, original(data));
  // Scores reach 200. Their log-sum-exps round to 2e-5, an error that all probabilities of a row share; where one of
  // them is nearly 1 the gradient of its score is nearly 0, and that error is large beside it.
  test::check_close(actual, truth, sizeof(T) == 2 ? 2e-2 : 2e-3);
}

TEST_CASE_TEMPLATE("attention on CUDA: the same bits in every run", T, float, bf16) {
  auto const data = test::random_attention<2, 64, T>(2, 130);
  auto const once = test::run_attention<2, 64, rebuilt, stash::dense>(data);
  auto const again = test::run_attention<2, 64, rebuilt, stash::dense>(data);
  CHECK(once.output == again.output);
  CHECK(once.gradients == again.gradients);
  CHECK(once.kept == again.kept);
}

TEST_CASE_TEMPLATE("attention on CUDA: row sums from a stored output", T, float, bf16) {
  kernels::attention_options const options{.dropout = 0.25F, .random = {.seed = 7, .iteration = 3, .place = 5}};
  for (index_t tokens : {17, 65}) {
    auto const data = test::random_attention<2, 32, T>(2, tokens);
    auto const truth = test::expected_attention<2, 32>(data, original(data), {}, options);
    auto const actual = test::run_attention<2, 32, rebuilt, stash::dense, T, true, true>(data, options);
    test::check_close(actual, truth, test::attention_tolerance<T>);
  }
}

TEST_CASE("attention on CUDA: in double") {
  std::vector<std::int32_t> const lengths{33, 20, 0};
  for (index_t tokens : {1, 33}) {
    auto const data = test::random_attention<2, 12, double>(3, tokens);
    auto const truth = test::expected_attention<2, 12>(data, original(data));
    auto const actual = test::run_attention<2, 12, rebuilt, stash::dense>(data);
    test::check_close(actual, truth, test::attention_tolerance<double>);
  }
  auto data = test::random_attention<2, 40, double>(3, 33);
  data.lengths = lengths;
  auto const identity = [](double p) { return p; };
  auto const truth = test::expected_attention<2, 40>(data, original(data), identity);
  auto const actual = test::run_attention<2, 40, stash::probabilities_dense, stash::dense>(data);
  test::check_close(actual, truth, test::attention_tolerance<double>);
}
