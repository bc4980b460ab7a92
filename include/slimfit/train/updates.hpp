// SPDX-License-Identifier: MIT
// What the trainer does with gradients: feeds them to the optimizer as soon as they are complete, keeps them until the
// backward pass is done, or adds them up over several passes.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/optimizer_traits.hpp>
#include <slimfit/optim/parameter_update.hpp>
#include <slimfit/pass/gradient_place.hpp>

namespace slimfit {

namespace detail {
/// Whether an optimizer updates several parameters as few launches.
template <class Optimizer>
concept updates_together = requires(Optimizer& each,
                                    std::span<parameter_update<typename Optimizer::weight_type> const> updates) {
  each.enqueue_together(updates);
};

/// Updates that wait for each other.
template <class Optimizer>
struct waiting_updates {};
template <updates_together Optimizer>
struct waiting_updates<Optimizer> {
  std::array<parameter_update<typename Optimizer::weight_type>, 16> each{};
  std::size_t count = 0;
  bool open = false;  ///< whether whoever owns the gradients will say when they must be applied

  void apply(Optimizer& optimizer) {
    auto const first = each.data();
    optimizer.enqueue_together({first, std::exchange(count, 0)});
  }
};
}  // namespace detail

/// Gradients are released: weights change during the backward pass, each after its last use in it.
template <class Optimizer>
struct releasing_updates {
  static constexpr bool takes_parts = detail::takes_parts<typename Optimizer::options_type>;
  static constexpr bool joins = detail::updates_together<Optimizer>;

  Optimizer& optimizer;
  [[no_unique_address]] detail::waiting_updates<Optimizer> waiting{};

  template <scalar T>
  void apply(parameter<T> const& target, T* gradient) {
    optimizer.enqueue(target.position, target.data, gradient, target.count());
  }
  /// Updates between the first and the last of these are enqueued by the last.
  void begin_together() requires(joins) {
    waiting.count = 0;  // what an exception left
    waiting.open = true;
  }
  template <scalar T>
  void apply_soon(parameter<T> const& target, T* gradient) requires(joins) {
    if (!waiting.open) { return apply(target, gradient); }
    if (waiting.count == waiting.each.size()) { waiting.apply(optimizer); }
    waiting.each[waiting.count++] = {target.position, target.data, gradient, target.count()};
  }
  void end_together() requires(joins) {
    waiting.open = false;
    waiting.apply(optimizer);
  }
  template <scalar T>
  void apply_part(parameter<T> const& target, T* gradient, index_t first, index_t count) {
    optimizer.enqueue_part(target.position, target.data, gradient, target.count(), {first, count});
  }
};

/// A gradient that is complete.
template <scalar T>
struct kept_gradient {
  parameter<T> target;
  T* values;
};

/// Feeds all gradients of a step to the optimizer: first to what it measures of all, so that no weight changes where
/// one of them is not finite.
template <class Optimizer, scalar T>
void apply_kept(Optimizer& optimizer, std::span<kept_gradient<T> const> gradients) {
  bool first = true;
  for (auto const& [target, values] : gradients) {
    optimizer.include_in_norm(target.position, values, target.count(), std::exchange(first, false));
  }
  for (auto const& [target, values] : gradients) {
    optimizer.enqueue(target.position, target.data, values, target.count());
  }
}

/// Gradients are kept in the pass's arena: weights change in `apply_all`, to be called before that ends.
template <class Optimizer, scalar T>
class keeping_updates {
 public:
  static constexpr bool takes_parts = false;

  /// @param parameters most that gradients are kept of. @throws std::bad_alloc
  keeping_updates(Optimizer& optimizer, index_t parameters) : optimizer_(&optimizer) {
    gradients_.reserve(static_cast<std::size_t>(parameters));
  }

  [[nodiscard]] gradient_place<T> place(parameter<T> const& /*target*/) const { return {gradient_memory::lasting}; }
  void apply(parameter<T> const& target, T* gradient) { gradients_.push_back({target, gradient}); }
  void apply_all() { apply_kept<Optimizer, T>(*optimizer_, gradients_); }
  [[nodiscard]] std::span<kept_gradient<T> const> gradients() const { return gradients_; }

 private:
  Optimizer* optimizer_;
  std::vector<kept_gradient<T>> gradients_;
};

/// The mean gradient of several passes, each a part of a batch: gradients of a pass are released as they are complete,
/// and added to what is kept.
template <class Device, scalar T>
class accumulating_updates {
 public:
  static constexpr bool takes_parts = true;
  using resource_type = typename Device::resource_type;

  explicit accumulating_updates(Device& device) : device_(&device) {}

  /// Makes memory for the gradients of `targets`. @throws memory_error; there are none then
  void begin(std::span<parameter<T> const> targets) {
    clear();
    std::vector<buffer<T, resource_type>> created;
    std::vector<kept_gradient<T>> gradients;
    slots_.clear();
    for (auto const& target : targets) {
      slots_.resize(std::max(slots_.size(), static_cast<std::size_t>(target.position) + 1), nullptr);
      created.emplace_back(device_->memory(), target.count(), category::gradients);
      T* const sum = created.back().data();
      slots_[static_cast<std::size_t>(target.position)] = sum;
      gradients.push_back({target, sum});
    }
    memory_ = std::move(created);
    gradients_ = std::move(gradients);
  }
  /// The pass that follows has `share` of all samples so far, `keep` is what those before have.
  void begin_part(double share, double keep) {
    share_ = static_cast<compute_type<T>>(share);
    keep_ = static_cast<compute_type<T>>(keep);
  }
  void apply(parameter<T> const& target, T* gradient) { apply_part(target, gradient, 0, target.count()); }
  void apply_part(parameter<T> const& target, T* gradient, index_t first, index_t count) {
    T* const sum = slots_[static_cast<std::size_t>(target.position)] + first;
    device_->launch(divide_up(count, update_block), kernels::add_gradient<T>{gradient, count, keep_, share_, sum});
  }
  [[nodiscard]] std::span<kept_gradient<T> const> gradients() const { return gradients_; }
  /// Adds the bytes of the gradients that are kept to `held`.
  void add_to(byte_counts& held) const {
    for (auto const& each : memory_) { each.add_to(held); }
  }
  void clear() {
    gradients_.clear();
    memory_.clear();
  }

 private:
  Device* device_;
  std::vector<buffer<T, resource_type>> memory_;
  std::vector<kept_gradient<T>> gradients_;
  std::vector<T*> slots_;  ///< by position
  compute_type<T> keep_{};
  compute_type<T> share_{};
};

}  // namespace slimfit
