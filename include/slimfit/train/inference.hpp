// SPDX-License-Identifier: MIT
// Passes without training: loss and accuracy of a data set, scores of samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <slimfit/plan/plan.hpp>
#include <slimfit/train/batch_buffers.hpp>
#include <slimfit/train/checks.hpp>
#include <slimfit/train/step_report.hpp>

namespace slimfit {

/// Works in a trainer's memory. Batches have at most `batch` samples.
/// @tparam Optimizer options of the trainer's optimizer
/// @tparam Updates   the updates of its passes, so that a network's forward pass is compiled once
template <class Model, class Optimizer, class Updates>
class inference {
 public:
  using value_type = typename Model::value_type;
  using network_type = typename Model::network_type;
  using device_type = typename Model::device_type;
  using input_type = typename network_type::input_type;
  using loss_type = typename network_type::loss_type;
  using label_type = typename loss_type::label_type;

  inference(Model& net, batch_buffers<device_type, network_type>& batch, arena_block<device_type>& block,
            Updates updates)
      : net_(net), batch_(batch), block_(block), updates_(updates) {}

  /// @throws shape_error, value_error (also for the first sample whose loss is no number), memory_error
  evaluation evaluate(std::span<input_type const> inputs, std::span<label_type const> labels, index_t batch) {
    require_at_least("evaluate: batch", batch, index_t{1});
    evaluation result;
    auto const all = checks::check(inputs, labels);
    for_each_batch(inputs, all, batch, [&](index_t first, index_t count) {
      batch_.load(labels.subspan(static_cast<std::size_t>(first * loss_type::labels),
                                 static_cast<std::size_t>(count * loss_type::labels)));
      run([&](auto& context) { evaluation_pass(net_.network(), context, batch_.view()); });
      batch_.request_result();
      auto const part = batch_.result();
      if (part.finite == 0) { report_not_finite(first); }
      result.loss += part.loss;
      result.accuracy += static_cast<double>(part.correct);
    });
    auto const samples = static_cast<double>(all);
    return {result.loss / samples, result.accuracy / samples};
  }
  /// @throws shape_error, value_error, memory_error
  std::vector<value_type> predict(std::span<input_type const> inputs, index_t batch) {
    require_at_least("predict: batch", batch, index_t{1});
    auto const all = checks::check(inputs);
    auto const each = loss_type::sample_scores(network_type::tokens);
    std::vector<value_type> result(static_cast<std::size_t>(all * each));
    std::vector<value_type> part;
    for_each_batch(inputs, all, batch, [&](index_t first, index_t count) {
      batch_.load(std::vector<label_type>(static_cast<std::size_t>(count * loss_type::labels)));
      part.resize(static_cast<std::size_t>(loss_type::scores(batch_.view().sequences)));
      run([&](auto& context) {
        inference_pass(net_.network(), context, batch_.view(),
                       [&](value_type const* scores) { net_.device().copy(scores, part.data(), std::ssize(part)); });
      });
      loss_type::spread(part.data(), batch_.host_sequences(), network_type::tokens, result.data() + first * each);
    });
    return result;
  }

 private:
  using checks = detail::batch_checks<network_type>;

  /// @param first number of the batch's first sample @throws value_error
  [[noreturn]] void report_not_finite(index_t first) const {
    auto const results = batch_.results();
    auto const found = std::find_if_not(results.begin(), results.end(),
                                        [](sample_result const& each) { return std::isfinite(each.loss); });
    auto const sample = first + (found - results.begin()) % std::ssize(results);
    raise_mismatch<value_error>(joined({"evaluate: loss of sample ", sample}),
                                found != results.end() ? found->loss : std::numeric_limits<double>::infinity(),
                                {"a finite number: an input or a weight is none, or the model has diverged"});
  }
  /// Calls `body(first, count)` for consecutive batches, which are arranged then.
  template <class Body>
  void for_each_batch(std::span<input_type const> inputs, index_t all, index_t batch, Body const& body) {
    for (index_t first = 0; first < all; first += batch) {
      auto const count = std::min(batch, all - first);
      batch_.arrange(inputs.subspan(static_cast<std::size_t>(first * network_type::inputs),
                                    static_cast<std::size_t>(count * network_type::inputs)),
                     count);
      body(first, count);
    }
  }
  /// Calls `pass(context)` with memory for the batch that was loaded.
  template <class Pass>
  void run(Pass const& pass) {
    block_.reserve(step_plan<Model, Optimizer>(batch_.view().sequences).inference_arena_bytes());
    arena memory(net_.device().memory().book(), block_.data(), block_.size());
    context<device_type, Updates> without_training{net_.device(), memory, updates_, {}, false, 0, 0};
    pass(without_training);
  }

  Model& net_;
  batch_buffers<device_type, network_type>& batch_;
  arena_block<device_type>& block_;
  Updates updates_;
};

}  // namespace slimfit
