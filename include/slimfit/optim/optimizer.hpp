// SPDX-License-Identifier: MIT
// What all optimizers share: moments, partial sums, and the measurement that freezing criteria rank units by.
#pragma once

#include <algorithm>
#include <cmath>

#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/joint_updates.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/kernels/update_totals.hpp>
#include <slimfit/optim/moments.hpp>
#include <slimfit/optim/option_checks.hpp>
#include <slimfit/optim/parameter_update.hpp>
#include <slimfit/optim/state_slices.hpp>
#include <slimfit/optim/update_statistics.hpp>
#include <slimfit/optim/weight_decay.hpp>

namespace slimfit {

/// Base of the optimizers. Parameters, units and biases alike, are known by their position in the model's list.
/// @tparam Coefficients the numbers of one parameter's step that kernels read
/// @tparam Options      of the optimizer; `state<T>(count)` says what it keeps of a parameter
template <class Backend, scalar T, class Coefficients, class Options>
class optimizer_base {
 public:
  using value_type = compute_type<T>;
  using weight_type = T;
  using options_type = Options;

  [[nodiscard]] Options const& options() const { return options_; }

  /// Factor on the learning rate for the updates that follow; see train/learning_rate.hpp.
  /// @throws value_error unless it is finite and at least 0
  void set_learning_rate_factor(double factor) {
    if (!(factor >= 0 && std::isfinite(factor))) {
      raise_mismatch<value_error>("optimizer: learning-rate factor", factor, {"a finite number, at least 0"});
    }
    factor_ = factor;
  }
  [[nodiscard]] double learning_rate_factor() const { return factor_; }

  /// Creates the moments of parameters that will be updated for the first time, so that the updates allocate nothing.
  /// @throws memory_error; then nothing was created.
  void prepare(std::span<parameter_extent const> parameters) { table_.prepare(parameters); }

  /// Gives a parameter's state back: it begins anew with the next update.
  void drop(index_t parameter) { table_.drop(parameter); }

  /// Updates enqueued from now on change nothing where `*proceed`, in the backend's memory, is 0 when they run. An
  /// update that is not finite, see `is_sound`, makes it 0. Null: a number in the optimizer, which `begin_step`
  /// makes 1.
  void set_gate(std::int32_t* proceed) { given_gate_ = proceed; }
  /// Updates enqueued from now on multiply gradients by `*factor`, in the backend's memory. Null: by 1.
  void set_gradient_factor(double const* factor) { gradient_factor_ = factor; }
  /// What a parameter is, for options that treat parameters apart; until then it is a weight.
  /// @throws value_error for a position that does not exist
  void set_role(index_t parameter, parameter_role role) {
    static_cast<void>(table_.steps(parameter));
    roles_[static_cast<std::size_t>(parameter)] = role;
  }
  /// Of the stochastic rounding of bf16 weights and of codes.
  void set_seed(std::uint64_t seed) { seed_ = seed; }
  /// What updates have measured, one of each parameter, in the backend's memory.
  [[nodiscard]] update_sums* measured_sums() { return statistics_.of(0); }
  /// Enqueues the copy of all statistics to the host.
  void request_statistics() { statistics_.request(); }
  /// Waits for what was requested last.
  void collect_statistics() { statistics_.collect(); }
  /// What the last update of a parameter of `count` elements measured, as of the last collection. Neither number is
  /// finite where a gradient or its update was not.
  [[nodiscard]] unit_statistics statistics(index_t parameter, index_t count) const {
    return statistics_of(collected(parameter), count);
  }
  /// The sum of a parameter's squared gradients, as of the last collection: -infinity where that is a number but a new
  /// weight or moment is none.
  [[nodiscard]] double squared_gradient(index_t parameter) const { return collected(parameter).squared_gradient; }
  /// What kernels are given by value in the updates of a step, beside weights and gradients.
  struct update_layout {
    std::uint64_t seed;
    std::int32_t const* gate;
    double const* gradient_factor;
    std::vector<std::byte const*> states;  ///< by parameter; null where it is not updated, or has none
    friend bool operator==(update_layout const&, update_layout const&) = default;
  };
  /// Updates that were recorded are right as long as this is what it was.
  /// @param is_updated says it of a parameter by its position
  template <class IsUpdated>
  [[nodiscard]] update_layout layout_of(IsUpdated const& is_updated) const {
    update_layout result{seed_, given_gate_, gradient_factor_, {}};
    for (index_t i = 0; i < table_.parameters(); ++i) {
      result.states.push_back(is_updated(i) ? table_.state(i) : nullptr);
    }
    return result;
  }
  /// Counts one step of a parameter: for updates that were recorded before and run again.
  void count_step(index_t parameter) noexcept { table_.count_step(parameter); }
  /// The steps counted since the last call of this or of `settle_steps` did not happen.
  void revoke_steps() noexcept { table_.revoke_steps(); }
  /// After a collection: the steps counted since the last call are final, and those that the gate held back are not
  /// counted any more.
  /// @return of the parameters whose gradients or updates were not finite the last, where backward passes begin; -1:
  /// none
  index_t settle_steps() {
    index_t failed = -1;
    table_.settle_steps([&](index_t parameter) {
      auto const& total = collected(parameter);
      if (!total.is_finite()) { failed = std::max(failed, parameter); }
      return total.relative_change != update_sums::held_back;
    });
    return failed;
  }
  /// Enqueues, before the first update of a step: the gate closes where a gradient that is kept is not finite.
  /// The last argument, whether it is the first of its step, is for optimizers with one norm.
  void include_in_norm(index_t parameter, T const* gradient, index_t count, bool /*first*/) {
    measure_gradient(parameter, gradient, count, {.first = true, .most = 0, .state = nullptr});
  }

  /// Adds the bytes of all that it holds to `held`.
  void add_to(byte_counts& held) const {
    table_.add_to(held);
    sums_.add_to(held);
    statistics_.add_to(held);
    coefficients_.add_to(held);
  }
  /// How often a parameter was updated since its moments began.
  [[nodiscard]] index_t steps(index_t parameter) const { return table_.steps(parameter); }

  /// For checkpoints: step counts since moments began and in all, and the arrays of the parameters that were updated,
  /// each given to `body(state_array)`. `counts` are the element counts of all parameters.
  [[nodiscard]] std::vector<index_t> step_counts() const { return table_.step_counts(); }
  [[nodiscard]] std::vector<index_t> update_counts() const { return table_.update_counts(); }
  template <class Body>
  void for_each_state_array(std::span<index_t const> counts, Body const& body) const {
    table_.for_each_array(counts, body);
  }
  /// Replaces the state. `read(state_array)` must fill each array it is given, by name, or throw; then nothing changes.
  /// @param update_counts empty: as the step counts
  /// @throws what `read` throws, memory_error, shape_error, value_error.
  template <class Read>
  void load_state(std::span<index_t const> step_counts, std::span<index_t const> update_counts,
                  std::span<index_t const> counts, Read const& read) {
    table_.load(step_counts, update_counts, counts, read);
  }
  template <class Read>
  void load_state(std::span<index_t const> step_counts, std::span<index_t const> counts, Read const& read) {
    load_state(step_counts, {}, counts, read);
  }

 protected:
  optimizer_base(Backend& backend, index_t parameters, index_t largest_parameter, Options const& options)
      : backend_(&backend),
        table_(backend, checked("optimizer: parameters", parameters), options),
        options_(options),
        roles_(static_cast<std::size_t>(parameters), parameter_role::weight),
        sums_(backend.memory(), divide_up(checked("optimizer: largest_parameter", largest_parameter), update_block),
              category::workspace),
        statistics_(backend, parameters),
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

  /// What is updated here of a part of a parameter.
  [[nodiscard]] gradient_part own(index_t count, gradient_part const& part) const {
    if constexpr (detail::cuts_state<Options>) {
      return detail::common_part(part, options_.slices.own(count));
    } else {
      return part;
    }
  }
  /// The elements of a part's gradient from those on that are updated here.
  [[nodiscard]] T const* own(index_t count, gradient_part const& part, T const* gradient) const {
    return gradient == nullptr ? nullptr : gradient + (own(count, part).first - part.first);
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
          joint.add({kernel, blocks}, {sums, blocks, statistics_.of(update.parameter)}, update.parameter);
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
  /// Seed and place of the rounding of a parameter's weights and moments, where they are stored in few bits.
  [[nodiscard]] random_stream noise(index_t parameter) const {
    constexpr std::uint32_t places = 0x80000000U;  // apart from the places of layers
    return {seed_, 0, places + static_cast<std::uint32_t>(parameter)};
  }
  /// Waits for the update of a parameter.
  unit_statistics measured(index_t parameter, index_t count) {
    request_statistics();
    collect_statistics();
    return statistics(parameter, count);
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

  Backend* backend_;
  moment_table<Backend, T, Options> table_;
  Options options_;
  double factor_ = 1.0;
  double const* gradient_factor_ = nullptr;
  std::uint64_t seed_ = 0;

 private:
  /// @throws usage_error before the first collection, value_error for a position that does not exist
  [[nodiscard]] update_sums const& collected(index_t parameter) const {
    static_cast<void>(table_.steps(parameter));
    return statistics_.collected(parameter);
  }
  [[nodiscard]] static index_t checked(char const* name, index_t count) {
    require_at_least(name, count, index_t{0});
    return count;
  }

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

  std::vector<parameter_role> roles_;
  std::int32_t* given_gate_ = nullptr;
  bool is_measured_ = false;  ///< whether the gradients of this step were, before their updates
  buffer<update_sums, typename Backend::resource_type> sums_;
  update_statistics<Backend> statistics_;
  buffer<Coefficients, typename Backend::resource_type> coefficients_;  ///< by parameter
  typename Backend::template outbox<Coefficients> outgoing_;
};

}  // namespace slimfit
