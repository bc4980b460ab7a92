// SPDX-License-Identifier: MIT
// What ranks tell each other where each has slices of the optimizer's state: the weights that they have updated, what
// these updates measured, and, for files, the state.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <slimfit/communication/communicator.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/kernels/shared_sums.hpp>
#include <slimfit/optim/state_layout.hpp>
#include <slimfit/optim/state_slices.hpp>
#include <slimfit/train/chosen_parameters.hpp>

namespace slimfit {

/// Holds its memory in category::gradients.
/// @tparam Slices `sliced_state`; with `whole_state` nothing of it is left
template <class Device, class Communicator, class Slices>
class state_sharing {
  static_assert(
      sharing_communicator<Communicator>,
      "slimfit: trainer<..., Communicator>: an optimizer with sliced_state needs a communicator with share()");

 public:
  /// @throws memory_error
  state_sharing(Device& device, Communicator const& ranks, Slices const& slices, index_t parameters)
      : device_(&device), ranks_(ranks), slices_(slices), positions_(device.memory(), parameters, category::gradients) {
    outgoing_.reserve(parameters);
  }

  /// Enqueues after the updates of a step: all ranks get the weights that the others have updated.
  template <class Model, class Optimizer>
  void share_weights(Model const& net, Optimizer const& optimizer, active_set const& active) {
    for (auto const& [name, each] : net.parameters()) {
      if (!is_shared(optimizer, each, active)) { continue; }
      std::span const weights(each.data, static_cast<std::size_t>(each.count()));
      ranks_.share(std::as_writable_bytes(weights),
                   static_cast<std::size_t>(slices_.each(each.count())) * sizeof(*each.data));
    }
  }
  /// Enqueues after a step: what the updates of slices measured becomes what those of whole parameters would have.
  /// @param staging memory of the backend's for the time of the sums
  template <class Model, class Optimizer>
  void sum_statistics(Model const& net, Optimizer& optimizer, active_set const& active, std::span<std::byte> staging) {
    std::vector<std::int32_t> shared;
    for (auto const& [name, each] : net.parameters()) {
      if (is_shared(optimizer, each, active)) { shared.push_back(each.position); }
    }
    if (shared.empty()) { return; }
    auto const count = std::ssize(shared);
    std::copy(shared.begin(), shared.end(), outgoing_.values(count).begin());
    outgoing_.send(*device_, positions_.data());
    std::span const numbers(reinterpret_cast<double*>(staging.data()), staging.size() / sizeof(double));
    auto const sums = numbers.first(3 * shared.size());
    auto* const totals = optimizer.measured_sums();
    device_->launch(1, kernels::send_update_sums{totals, positions_.data(), count, sums.data()});
    ranks_.sum(sums, numbers.subspan(sums.size()));
    device_->launch(1, kernels::receive_update_sums{sums.data(), positions_.data(), count, totals});
  }
  /// Gathers an array of state of which every rank has a slice. All ranks call it.
  /// @param whole in the program's memory
  template <class C>
  void gather(state_array<C> const& slice, C* whole, std::span<std::byte> staging) {
    std::span const room(reinterpret_cast<C*>(staging.data()), staging.size() / sizeof(C));
    index_t const ranks = ranks_.size();
    index_t const most = std::ssize(room) / ranks;
    for (index_t begin = 0; begin < slice.each; begin += most) {
      index_t const count = std::min(most, slice.each - begin);
      auto const all = room.first(static_cast<std::size_t>(count * ranks));
      auto const own = all.subspan(static_cast<std::size_t>(count * ranks_.rank()), static_cast<std::size_t>(count));
      device_->copy(slice.data + begin, own.data(), std::clamp<index_t>(slice.count - begin, 0, count));
      ranks_.gather(std::as_bytes(own), std::as_writable_bytes(all));
      if constexpr (device_communicator<Communicator>) {
        ranks_.mark();
        ranks_.wait();
      }
      for (index_t rank = 0; rank < ranks; ++rank) {
        index_t const first = rank * slice.each + begin;
        index_t const some = std::clamp<index_t>(slice.whole - first, 0, count);
        device_->copy(all.data() + rank * count, whole + first, some);
      }
    }
  }

  /// Updates of some ranks failed: weights differ.
  void note_difference() { differs_ = true; }
  /// All ranks have read the same file.
  void note_equality() { differs_ = false; }
  /// @throws usage_error where weights differ
  void require_equality() const {
    if (!differs_) { return; }
    throw usage_error(
        "slimfit: trainer: an update was not finite in the slice of one rank while others updated theirs; continue "
        "from the last checkpoint with load_run");
  }
  void add_to(byte_counts& held) const { positions_.add_to(held); }

 private:
  template <class Optimizer, scalar T>
  [[nodiscard]] bool is_shared(Optimizer const& optimizer, parameter<T> const& each, active_set const& active) const {
    return slices_.is_cut(each.count()) && is_stepped(optimizer, each, active);
  }

  Device* device_;
  Communicator ranks_;
  Slices slices_;
  buffer<std::int32_t, typename Device::resource_type> positions_;
  typename Device::template outbox<std::int32_t> outgoing_;
  bool differs_ = false;
};

template <class Device, class Communicator>
class state_sharing<Device, Communicator, whole_state> {
 public:
  constexpr state_sharing(Device& /*device*/, Communicator const& /*ranks*/, whole_state /*slices*/,
                          index_t /*parameters*/) {}
  template <class Model, class Optimizer>
  constexpr void share_weights(Model const& /*net*/, Optimizer const& /*optimizer*/, active_set const& /*active*/) {}
  template <class Model, class Optimizer>
  constexpr void sum_statistics(Model const& /*net*/, Optimizer& /*optimizer*/, active_set const& /*active*/,
                                std::span<std::byte> /*staging*/) {}
  constexpr void note_difference() {}
  constexpr void note_equality() {}
  constexpr void require_equality() const {}
  constexpr void add_to(byte_counts& /*held*/) const {}
};

}  // namespace slimfit
