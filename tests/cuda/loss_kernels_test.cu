// SPDX-License-Identifier: MIT
// Losses on CUDA beside the host.
#include <slimfit/kernels/cross_entropy.hpp>
#include <slimfit/kernels/span_cross_entropy.hpp>
#include <slimfit/kernels/squared_error.hpp>

#include "support/beside_host.cuh"

using namespace slimfit;
using namespace slimfit::test;

TEST_CASE_TEMPLATE("cross-entropy", T, float, bf16) {
  constexpr index_t rows = 7;
  for (index_t const classes : {1, 5, 10, 16, 197, 768, 1000, 3072}) {
    CAPTURE(classes);
    auto logits = normal_of<T>(rows * classes, 1, 5);
    logits[length(classes)] = logits[length(2 * classes - 1)] = T{100.0F};  // a tie: the first class wins
    vector<std::int32_t> labels;
    for (index_t i = 0; i < rows; ++i) { labels.push_back(static_cast<std::int32_t>(i * 5 % classes)); }
    vector<sample_result> expected(length(rows));
    vector<sample_result> actual(length(rows));
    vector<T> const gradient(logits.size());
    check_beside_host<T>(
        rows, gradient,
        [&](T* out) {
          return kernels::cross_entropy<T>{logits.data(), labels.data(), classes, 0.5F, out, actual.data()};
        },
        one_rounding<T>);
    auto const results_of = [&](vector<sample_result>& results) {
      return kernels::cross_entropy<T>{logits.data(), labels.data(), classes, 0.5F, nullptr, results.data()};
    };
    run_serial(rows, results_of(expected));
    run_rows<serial_group>(rows, results_of(actual));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(actual[i].loss == doctest::Approx(expected[i].loss).epsilon(2e-6));
      CHECK(actual[i].correct == expected[i].correct);
      CHECK(actual[i].predicted == expected[i].predicted);
    }
    vector<batch_result> totals(2);
    run_serial(1, kernels::sum_results{expected.data(), rows, &totals[0]});
    run_rows<serial_group>(1, kernels::sum_results{actual.data(), rows, &totals[1]});
    CHECK(totals[1].loss == doctest::Approx(totals[0].loss).epsilon(2e-6));
    CHECK(totals[1].correct == totals[0].correct);
    CHECK(totals[1].finite == 1);
  }
}

TEST_CASE_TEMPLATE("squared error and the loss of question answering", T, float, bf16) {
  constexpr index_t samples = 5;
  auto const scores = normal_of<T>(samples, 1, 3);
  auto const numbers = normal_of<float>(samples, 2);
  vector<sample_result> results(length(samples));
  check_beside_host<T>(
      samples, vector<T>(length(samples)),
      [&](T* out) {
        return kernels::squared_error<T>{scores.data(), numbers.data(), 0.25F, out, results.data()};
      },
      one_rounding<T>);
  for (std::size_t i = 0; i < results.size(); ++i) {
    double const difference = number(scores[i]) - number(numbers[i]);
    CHECK(results[i].loss == doctest::Approx(difference * difference).epsilon(1e-5));
  }

  vector<std::int32_t> const lengths{70, 1, 33, 64, 2};
  vector<std::int32_t> const starts{0, 70, 71, 104, 168, 170};
  vector<std::int32_t> const labels{3, 69, 0, 0, 40, 32, 63, 0, 1, 1};  // one beyond its sequence
  for (bool const packed : {false, true}) {
    sequence_rows const where{
        .tokens = 70, .lengths = packed ? nullptr : lengths.data(), .starts = packed ? starts.data() : nullptr};
    auto const token_scores = normal_of<T>(2 * (packed ? 170 : 350), 3, 4);
    check_beside_host<T>(
        samples, vector<T>(token_scores.size()),
        [&](T* out) {
          return kernels::span_cross_entropy<T>{token_scores.data(), labels.data(), where, 0.2F, out, results.data()};
        },
        one_rounding<T>);
    vector<sample_result> expected(length(samples));
    run_serial(samples, kernels::span_cross_entropy<T>{token_scores.data(), labels.data(), where, 0.2F, nullptr,
                                                       expected.data()});
    run_rows<serial_group>(samples, kernels::span_cross_entropy<T>{token_scores.data(), labels.data(), where, 0.2F,
                                                                   nullptr, results.data()});
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(results[i].loss == doctest::Approx(expected[i].loss).epsilon(2e-6));
      CHECK(results[i].correct == expected[i].correct);
      CHECK(results[i].predicted == expected[i].predicted);
    }
  }
}
