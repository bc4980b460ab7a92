// SPDX-License-Identifier: MIT
// Runs steps, and where a backend records steps and the last one was like this, enqueues that one again as a whole.
#pragma once

#include <slimfit/train/recorded_step.hpp>
#include <slimfit/train/step_passes.hpp>

namespace slimfit {

/// @tparam Passes `step_passes`
template <class Model, class Passes>
class step_replay {
 public:
  using passes_type = Passes;

  /// @param wanted whether steps are recorded, see trainer_options
  explicit step_replay(bool wanted) : wanted_(wanted) {}

  /// Enqueues a step of one pass. @return its peaks
  memory_usage run(passes_type& passes, active_set const& active) {
    if constexpr (can_record) {
      // Where sequences have several lengths no step is like the last.
      if (wanted_ && passes.batch().view().sequences.is_uniform()) { return run_recorded(passes, active); }
    }
    enqueue_rehearsed(passes.net().device(), passes.optimizer(),
                      [&](ledger& counted) { passes.run_step(counted, active); });
    return passes.peaks();
  }
  /// To be called where moments may lie elsewhere from now on.
  void forget() { recorded_ = recorded_type(); }

 private:
  using recorded_type = typename detail::recorded_step_of<typename Model::device_type, typename Model::network_type,
                                                          typename passes_type::optimizer_type>::type;
  static constexpr bool can_record = !std::is_same_v<recorded_type, no_recorded_step>;

  memory_usage run_recorded(passes_type& passes, active_set const& active) {
    auto& device = passes.net().device();
    auto& optimizer = passes.optimizer();
    auto const& outside = device.offload();
    typename recorded_type::layout_type layout{active,
                                               passes.placed_batch(),
                                               passes.samples(),
                                               layout_of_updates(passes.net(), optimizer, active),
                                               passes.block().data(),
                                               outside.data(),
                                               outside.capacity()};
    auto const [measured, known] = revoking_steps(optimizer, [&] {
      return recorded_.run(device, std::move(layout), [&] {
        passes.shared().record([&] { passes.run_step(device.memory().book(), active); });
        return passes.peaks();
      });
    });
    if (known) {
      count_steps(passes.net(), optimizer, active);
      passes.shared().repeat();
    }
    return measured;
  }

  bool wanted_;
  [[no_unique_address]] recorded_type recorded_;
};

}  // namespace slimfit
