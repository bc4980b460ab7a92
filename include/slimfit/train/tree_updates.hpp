// SPDX-License-Identifier: MIT
// The sum of gradients of several passes, added two by two in a tree: the bits of the sum do not depend on how many of
// the passes are this rank's.
#pragma once

#include <bit>

#include <slimfit/train/updates.hpp>

namespace slimfit {

/// Has as many arrays of gradients as the tree has heights with two sums to add. A number of passes that is a power of
/// two.
template <class Device, scalar T>
class tree_updates {
 public:
  static constexpr bool takes_parts = true;
  using resource_type = typename Device::resource_type;

  /// Arrays of gradients that `passes` passes take.
  static constexpr int arrays(int passes) { return std::max(1, std::countr_zero(static_cast<unsigned>(passes))); }

  explicit tree_updates(Device& device) : device_(&device) {}

  /// Makes memory for the gradients of `targets`. @throws memory_error; there are none then
  void begin(std::span<parameter<T> const> targets, int passes) {
    clear();
    levels_ = arrays(passes);
    for (auto const& target : targets) {
      slots_.resize(std::max(slots_.size(), static_cast<std::size_t>(target.position) + 1), no_slot);
      slots_[static_cast<std::size_t>(target.position)] = memory_.size();
      for (int level = 0; level < levels_; ++level) {
        memory_.emplace_back(device_->memory(), target.count(), category::gradients);
      }
      gradients_.push_back({target, memory_.back().data()});
    }
    pass_ = -1;
  }
  /// The pass that follows has `share` of all samples.
  void begin_pass(double share) {
    share_ = static_cast<compute_type<T>>(share);
    ++pass_;
  }
  void apply(parameter<T> const& target, T* gradient) { apply_part(target, gradient, 0, target.count()); }
  void apply_part(parameter<T> const& target, T* gradient, index_t first, index_t count) {
    using value_type = compute_type<T>;
    index_t const blocks = divide_up(count, update_block);
    auto const array = [&](int level) {
      return memory_[slots_[static_cast<std::size_t>(target.position)] + static_cast<std::size_t>(level)].data() +
             first;
    };
    // Scaled before it is added, so that no compiler rounds product and sum at once.
    device_->launch(blocks, kernels::scale_gradient<T, T>{gradient, count, share_, gradient});
    T* sum = gradient;
    for (int level = 0; level < levels_; ++level) {
      bool const is_first = (pass_ >> static_cast<unsigned>(level)) % 2 == 0;
      auto const keep = is_first ? value_type{} : value_type{1};
      device_->launch(blocks, kernels::add_gradient<T>{sum, count, keep, value_type{1}, array(level)});
      if (is_first) { return; }
      sum = array(level);
    }
  }
  [[nodiscard]] std::span<kept_gradient<T> const> gradients() const { return gradients_; }
  void add_to(byte_counts& held) const {
    for (auto const& each : memory_) { each.add_to(held); }
  }
  void clear() {
    gradients_.clear();
    memory_.clear();
    slots_.clear();
  }

 private:
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  Device* device_;
  std::vector<buffer<T, resource_type>> memory_;
  std::vector<kept_gradient<T>> gradients_;
  std::vector<std::size_t> slots_;  ///< by position
  int levels_ = 1;
  int pass_ = -1;
  compute_type<T> share_{};
};

}  // namespace slimfit
