// SPDX-License-Identifier: MIT
// Softmax cross-entropy on CUDA beside the host.
#include <slimfit/kernels/cross_entropy.hpp>

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
