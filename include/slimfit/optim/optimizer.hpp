// SPDX-License-Identifier: MIT
// What the updates of all optimizers share: coefficients, partial sums, and the measurement that freezing criteria rank
// units by.
#pragma once

#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/joint_updates.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/kernels/update_totals.hpp>
#include <slimfit/optim/optimizer_state.hpp>
#include <slimfit/optim/parameter_update.hpp>

namespace slimfit {

/// Base of the optimizers. Parameters, units and biases alike, are known by their position in the model's list.
/// @tparam Coefficients the numbers of one parameter's step that kernels read
/// @tparam Options      of the optimizer; `state<T>(count)` says what it keeps of a parameter
template <class Backend, scalar T, class Coefficients, class Options>
class optimizer_base : public optimizer_state<Backend, T, Options> {
  using state = optimizer_state<Backend, T, Options>;

 protected:
  using state::backend_, state::factor_, state::given_gate_, state::gradient_factor_, state::options_, state::own,
      state::roles_, state::seed_, state::statistics_, state::table_;

 public:
  using value_type = compute_type<T>;
  using weight_type = T;

  /// Enqueues, before the first update of a step: the gate closes where a gradient that is kept is not finite.
  /// The last argument, whether it is the first of its step, is for optimizers with one norm.
  void include_in_norm(index_t parameter, T const* gradient, index_t count, bool /*first*/) {
    measure_gradient(parameter, gradient, count, {.first = true, .most = 0, .state = nullptr});
  }

  /// Adds the bytes of all that it holds to `held`.
  void add_to(byte_counts& held) const {
    state::add_to(held);
    sums_.add_to(held);
    coefficients_.add_to(held);
  }

 protected:
  optimizer_base(Backend& backend, index_t parameters, index_t largest_parameter, Options const& options)
      : state(backend, parameters, options),
        sums_(backend.memory(),
              divide_up(detail::checked_count("optimizer: largest_parameter", largest_parameter), update_block),
              category::workspace),
        coefficients_(backend.memory(), parameters + 1, category::workspace) {
    outgoing_.reserve(parameters + 1);
  }

  /// Sends `make(step, decays)` of every parameter to the backend, for the updates that follow: `step` counts from 1,
  /// `decays` is 1 where weight decay applies to the parameter, else 0.
  template <class Make>
  void send_coefficients(Make const& make) {
    auto const values = outgoing_.values(table_.parameters() + 1);
    for (std::size_t i = 0; i + 1 < values.size(); ++i) {
      auto const parameter = static_cast<index_t>(i);
      values[i] = make(table_.steps(parameter) + 1, options_.decays.include(roles_[i]) ? 1.0 : 0.0);
      values[i].step = static_cast<std::uint32_t>(table_.updates(parameter));
    }
    table_.settle_steps([](index_t /*parameter*/) { return true; });
    values.back() = {};
    values.back().step = 1;  // the gate
    outgoing_.send(*backend_, coefficients_.data());
    is_measured_ = false;
  }
  [[nodiscard]] Coefficients const* coefficients_of(index_t parameter) const {
    return coefficients_.data() + parameter;
  }

  /// Enqueues `kernel` over the blocks of a part of a parameter, and after the last part the sum of what all measured.
  template <class Kernel>
  void run(index_t parameter, index_t count, gradient_part const& part, Kernel const& kernel) {
    backend_->launch(divide_up(own(count, part).count, update_block), kernel);
    if (part.first + part.count < count) { return; }
    auto const all = own(count, {0, count});
    backend_->launch(1, add_update_sums{sums_.data() + all.first / update_block, divide_up(all.count, update_block),
                                        statistics_.of(parameter), gate(), is_measured_ && kernel.gradient != nullptr});
    table_.count_step(parameter);
  }
  /// Enqueues the updates of whole parameters by kernels of type `Kernel`, as few launches.
  /// @param make  `make(update, sums, use)` gives `use` the kernel of an update
  /// @param alone enqueues an update whose kernel is of another type
  template <class Kernel, class Make, class Alone>
  void run_together(std::span<parameter_update<T> const> updates, Make const& make, Alone const& alone) {
    detail::joint_updates<Kernel> joint;
    auto const enqueue = [&](parameter_update<T> const& update) {
      index_t const blocks = divide_up(update.count, update_block);
      if (!joint.has_room(blocks, sums_.size())) { enqueue_joint(joint); }
      auto* const sums = sums_for(update.count, {0, update.count}) + joint.used_sums;
      bool joined = false;
      if constexpr (detail::cuts_state<Options>) {
        if (options_.slices.is_cut(update.count)) {
          enqueue_joint(joint);
          return alone(update);
        }
      }
      make(update, sums, [&](auto const& kernel) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(kernel)>, Kernel>) {
          joint.add({kernel, blocks}, {sums, blocks, this->statistics_.of(update.parameter)}, update.parameter);
          joined = true;
        }
      });
      if (!joined) {
        enqueue_joint(joint);
        alone(update);
      }
    };
    // Matrices first: between them, vectors would begin launches of their own where the partial sums have no more room.
    constexpr index_t vector = 8 * update_block;
    for (bool const small : {false, true}) {
      for (auto const& update : updates) {
        if ((update.count <= vector) == small) { enqueue(update); }
      }
    }
    enqueue_joint(joint);
  }
  /// Where `clip_to_norm` has its numbers.
  struct norm_of {
    bool first;
    double most;
    kernels::clipping_state* state;
  };
  /// Enqueues the sum of a gradient's squares, which closes the gate where it is not finite.
  void measure_gradient(index_t parameter, T const* gradient, index_t count, norm_of const& norm) {
    auto* const sums = sums_for(count, {0, count});
    static_cast<void>(table_.steps(parameter));  // throws for a position that does not exist
    index_t const blocks = divide_up(count, update_block);
    backend_->launch(blocks, kernels::square_gradient<T>{gradient, count, sums});
    backend_->launch(
        1, kernels::clip_to_norm{sums, blocks, norm.first, norm.most, norm.state, statistics_.of(parameter), gate()});
    is_measured_ = true;
  }
  [[nodiscard]] std::int32_t* gate() {
    return given_gate_ != nullptr ? given_gate_
                                  : reinterpret_cast<std::int32_t*>(&coefficients_.data()[table_.parameters()].step);
  }
  /// The partial sums, after checking that there are enough for `count` elements.
  [[nodiscard]] update_sums* sums_for(index_t count, gradient_part const& part) const {
    if (part.first < 0 || part.first % update_block != 0 || part.count < 0 || part.count > count - part.first) {
      raise_mismatch<shape_error>("optimizer: first element of a part", part.first,
                                  {"a multiple of ", update_block, " from which on the part fits"});
    }
    if (count < 0 || divide_up(count, update_block) > sums_.size()) {
      raise_mismatch<shape_error>("optimizer: elements of a parameter", count,
                                  {"at least 0 and at most the largest_parameter that the optimizer was made for, ",
                                   sums_.size() * update_block, " or less"});
    }
    return sums_.data();
  }

 private:
  template <class Kernel>
  void enqueue_joint(detail::joint_updates<Kernel>& joint) {
    if (joint.launches().empty()) { return; }
    launch_together(*backend_, joint.launches());
    joint.totals.proceed = gate();
    joint.totals.measured = is_measured_;
    backend_->launch(1, joint.totals);
    for (std::size_t i = 0; i < joint.launches().size(); ++i) { table_.count_step(joint.parameters[i]); }
    joint.clear();
  }

  bool is_measured_ = false;  ///< whether the gradients of this step were, before their updates
  buffer<update_sums, typename Backend::resource_type> sums_;
  buffer<Coefficients, typename Backend::resource_type> coefficients_;  ///< by parameter
  typename Backend::template outbox<Coefficients> outgoing_;
};

}  // namespace slimfit
