// SPDX-License-Identifier: MIT
// What losses report of samples and batches, and their sum.
#pragma once

#include <cmath>
#include <cstdint>

#include <slimfit/core/math.hpp>
#include <slimfit/rows/group.hpp>

namespace slimfit {

/// What one sample of a batch came to.
struct sample_result {
  double loss = 0;
  std::int32_t correct = 0;
  std::int32_t predicted = 0;
};

/// What a batch came to.
struct batch_result {
  double loss = 0;  ///< sum over its samples
  index_t correct = 0;
  std::int32_t finite = 0;  ///< whether the loss is a number: gates the updates of the step
};

namespace kernels {

/// One launch: adds up what the samples of a batch came to, in a fixed order.
struct sum_results {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;  // a lane's share of the samples: 4 and more

  sample_result const* results;
  index_t count;
  batch_result* total;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    double loss = 0;
    index_t correct = 0;
    for (index_t i = group.lane(); i < count; i += Group::size) {
      loss += results[i].loss;
      correct += results[i].correct;
    }
    loss = group.template reduce<Group::size>(loss, plus{});
    correct = group.template reduce<Group::size>(correct, plus{});
    if (group.lane() == 0) { *total = {loss, correct, std::abs(loss) < math::infinity<double> ? 1 : 0}; }
  }
};

/// What a rank's part of a batch came to, without bytes that nobody writes.
struct rank_result {
  double loss;
  index_t correct;
  index_t finite;
};

/// One launch: what a rank sends of its result.
struct send_result {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 4;

  batch_result const* total;
  rank_result* sent;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    if (group.lane() == 0) { *sent = {total->loss, total->correct, total->finite}; }
  }
};

/// One launch: adds up what the ranks have sent, in their order.
struct add_results {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 4;

  rank_result const* results;
  index_t count;
  batch_result* total;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    if (group.lane() != 0) { return; }
    batch_result sum{0, 0, 1};
    for (index_t i = 0; i < count; ++i) {
      sum.loss += results[i].loss;
      sum.correct += results[i].correct;
      sum.finite = sum.finite != 0 && results[i].finite != 0 ? 1 : 0;
    }
    *total = sum;
  }
};

}  // namespace kernels

}  // namespace slimfit
