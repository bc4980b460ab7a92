// SPDX-License-Identifier: MIT
// A training step that a backend has recorded, with what must be the same for a replay to be right.
#pragma once

#include <optional>

#include <slimfit/memory/usage.hpp>
#include <slimfit/policy/active_set.hpp>
#include <slimfit/train/pass.hpp>

namespace slimfit {

/// Which units are updated, and where everything lies.
template <class Network>
struct step_layout {
  active_set active;
  batch_view<Network> batch;
  std::byte const* block = nullptr;
  std::byte const* offloaded = nullptr;
  friend constexpr bool operator==(step_layout const&, step_layout const&) = default;
};

/// @tparam Device a backend with `recording`, `record` and `replay`
template <class Device, class Network>
class recorded_step {
 public:
  /// Enqueues the step: again as it was recorded when the layout is that of the recording, else anew.
  /// @param enqueue enqueues everything of the step and returns its peaks; called to record it
  /// @return the peaks of the step, and whether it was recorded before
  template <class Enqueue>
  std::pair<memory_usage, bool> run(Device& device, step_layout<Network> const& layout, Enqueue const& enqueue) {
    bool const known = work_ && layout == layout_;
    if (!known) {
      work_.reset();
      work_.emplace(device.record([&] { peaks_ = enqueue(); }));
      layout_ = layout;
    }
    device.replay(*work_);
    return {peaks_, known};
  }

 private:
  std::optional<typename Device::recording> work_;
  step_layout<Network> layout_;
  memory_usage peaks_;
};

/// Stands in where a backend records nothing.
struct no_recorded_step {};

}  // namespace slimfit
