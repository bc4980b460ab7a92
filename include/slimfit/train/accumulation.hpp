// SPDX-License-Identifier: MIT
// The step of a batch that comes in parts: its gradients are a mean over all parts, and it is chosen for the first one.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <slimfit/plan/trainer_options.hpp>
#include <slimfit/train/checks.hpp>
#include <slimfit/train/step_passes.hpp>
#include <slimfit/train/tree_updates.hpp>

namespace slimfit {

/// @tparam Passes `step_passes`
/// @tparam Step   `pending_step`
template <class Passes, class Step>
class accumulation {
 public:
  using value_type = typename Passes::value_type;
  /// Whether the parts are shards whose gradients are added as a tree.
  static constexpr bool in_shards = Passes::shared_type::shards > 0;
  using mean_type = std::conditional_t<in_shards, tree_updates<typename Passes::device_type, value_type>,
                                       accumulating_updates<typename Passes::device_type, value_type>>;

  explicit accumulation(Passes& passes) : passes_(&passes), mean_(passes.net().device()) {}

  [[nodiscard]] bool empty() const { return !step_; }
  /// What all parts so far are of. There must be one.
  [[nodiscard]] Step const& step() const { return *step_; }
  [[nodiscard]] mean_type const& mean() const { return mean_; }

  /// What plans of parts include.
  [[nodiscard]] plan_options planned(trainer_options const& settings) const {
    auto included = plan_options_of(settings);
    if constexpr (in_shards) { included.kept_gradients = mean_type::arrays(passes_->shared().passes()); }
    return included;
  }

  /// Makes memory for the gradients of a step's first part. @throws memory_error
  void begin(Step const& first) {
    auto const updated = updated_parameters(passes_->net(), first.report.active);
    if constexpr (in_shards) {
      mean_.begin(updated, passes_->shared().passes());
    } else {
      mean_.begin(updated);
    }
  }
  /// Enqueues the passes over a part of `samples` samples, which is loaded.
  /// @param next `step()` or a new step, with what is planned for this part
  /// @throws memory_error: parts before remain
  void add(Step next, index_t samples) {
    auto const all = passes_->samples();  // of which this rank has `samples`
    next.samples += all;
    if constexpr (in_shards) {
      mean_.begin_pass(static_cast<double>(samples) / static_cast<double>(passes_->shared().all_samples()));
    } else {
      auto const so_far = static_cast<double>(next.samples);
      mean_.begin_part(static_cast<double>(samples) / so_far, 1.0 - static_cast<double>(all) / so_far);
    }
    auto& device = passes_->net().device();
    bool begun = empty();
    try {
      enqueue_rehearsed(device, passes_->optimizer(), [&](ledger& counted) {
        begun = begun || &counted == &device.memory().book();
        passes_->run(counted, mean_, next.report.active);
      });
    } catch (...) {
      if (begun) { forget(); }  // their mean is half of this part's
      throw;
    }
    ++next.parts;
    next.report.measured.raise_to(passes_->peaks());
    step_ = std::move(next);
    passes_->batch().request_result();
    passes_->shared().mark();
    loss_pending_ = true;
  }
  /// Waits for the loss of the part that was enqueued last.
  /// @throws value_error when it is not finite; no part is left then
  void collect() {
    if (!std::exchange(loss_pending_, false)) { return; }
    auto& batch = passes_->batch();
    passes_->shared().wait();
    auto const part = batch.result();
    step_->result.loss += part.loss;
    step_->result.correct += part.correct;
    if (part.finite == 0) {
      forget();
      detail::batch_checks<typename Passes::network_type>::report_not_finite(
          batch.inputs(), part.loss / static_cast<double>(passes_->samples()));
    }
  }
  /// Enqueues the updates by the mean of all parts. @return the step; no part is left
  Step update() {
    auto& optimizer = passes_->optimizer();
    enqueue_rehearsed(passes_->net().device(), optimizer, [&](ledger&) {
      passes_->shared().sum_counted(mean_.gradients());
      apply_kept<typename Passes::optimizer_type, value_type>(optimizer, mean_.gradients());
      coast_frozen(passes_->net(), optimizer, step_->report.active);
      passes_->shared().share_weights(passes_->net(), optimizer, step_->report.active);
    });
    mean_.clear();
    return *std::exchange(step_, std::nullopt);
  }
  void forget() {
    step_.reset();
    mean_.clear();
    loss_pending_ = false;
  }

 private:
  Passes* passes_;
  std::optional<Step> step_;
  bool loss_pending_ = false;  ///< whether the loss of the last part is still to be waited for
  mean_type mean_;
};

}  // namespace slimfit
