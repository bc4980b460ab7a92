// SPDX-License-Identifier: MIT
// A training step that a backend has recorded, with what must be the same for a replay to be right.
#pragma once

#include <optional>

#include <slimfit/backend/device.hpp>
#include <slimfit/freezing/active_set.hpp>
#include <slimfit/memory/usage.hpp>
#include <slimfit/models/training_pass.hpp>

namespace slimfit {

/// Which units are updated, and where everything lies. What else kernels are given by value never changes; what changes
/// from step to step they read from the backend's memory: the batch, the numbers that random streams draw by, the
/// optimizer's coefficients.
/// @tparam Updates `optimizer_base::update_layout`
template <class Network, class Updates>
struct step_layout {
  active_set active;
  batch_view<Network> batch;
  index_t samples = 0;  ///< of all ranks
  Updates updates;
  std::byte const* block = nullptr;
  std::byte const* offloaded = nullptr;
  index_t offload_capacity = 0;
  friend constexpr bool operator==(step_layout const&, step_layout const&) = default;
};

/// @tparam Device a backend with `recording`, `record` and `replay`
template <class Device, class Network, class Updates>
class recorded_step {
 public:
  using layout_type = step_layout<Network, Updates>;

  /// Enqueues the step: again as it was recorded when the layout equals the recorded one, else anew.
  /// @param enqueue enqueues everything of the step and returns its peaks; called to record it
  /// @return the peaks of the step, and whether it was recorded before
  template <class Enqueue>
  std::pair<memory_usage, bool> run(Device& device, layout_type layout, Enqueue const& enqueue) {
    bool const known = work_ && layout == layout_;
    if (!known) {
      work_.reset();
      work_.emplace(device.record([&] { peaks_ = enqueue(); }));
      layout_ = std::move(layout);
    }
    device.replay(*work_);
    return {peaks_, known};
  }

 private:
  std::optional<typename Device::recording> work_;
  layout_type layout_;
  memory_usage peaks_;
};

/// Stands in where a backend records nothing.
struct no_recorded_step {};

namespace detail {
template <class Device, class Network, class Optimizer>
struct recorded_step_of {
  using type = no_recorded_step;
};
template <class Device, class Network, class Optimizer>
requires device_traits<Device>::records struct recorded_step_of<Device, Network, Optimizer> {
  using type = recorded_step<Device, Network, typename Optimizer::update_layout>;
};
}  // namespace detail

}  // namespace slimfit
