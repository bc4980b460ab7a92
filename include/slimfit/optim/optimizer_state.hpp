// SPDX-License-Identifier: MIT
// What an optimizer knows of its parameters between updates: moments and step counts, roles, what updates have
// measured; and how that goes to checkpoints and comes back.
#pragma once

#include <algorithm>
#include <cmath>

#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/moments.hpp>
#include <slimfit/optim/option_checks.hpp>
#include <slimfit/optim/state_slices.hpp>
#include <slimfit/optim/update_statistics.hpp>
#include <slimfit/optim/weight_decay.hpp>

namespace slimfit {

namespace detail {
/// @throws value_error
inline index_t checked_count(char const* name, index_t count) {
  require_at_least(name, count, index_t{0});
  return count;
}
}  // namespace detail

/// Base of `optimizer_base`, which enqueues updates.
/// @tparam Options of the optimizer; `state<T>(count)` says what it keeps of a parameter
template <class Backend, scalar T, class Options>
class optimizer_state {
 public:
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
  /// Adds the bytes of all that it holds to `held`.
  void add_to(byte_counts& held) const {
    table_.add_to(held);
    statistics_.add_to(held);
  }

 protected:
  optimizer_state(Backend& backend, index_t parameters, Options const& options)
      : backend_(&backend),
        table_(backend, detail::checked_count("optimizer: parameters", parameters), options),
        options_(options),
        statistics_(backend, parameters),
        roles_(static_cast<std::size_t>(parameters), parameter_role::weight) {}

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

  Backend* backend_;
  moment_table<Backend, T, Options> table_;
  Options options_;
  update_statistics<Backend> statistics_;
  std::vector<parameter_role> roles_;
  double factor_ = 1.0;
  double const* gradient_factor_ = nullptr;
  std::int32_t* given_gate_ = nullptr;
  std::uint64_t seed_ = 0;

 private:
  /// @throws usage_error before the first collection, value_error for a position that does not exist
  [[nodiscard]] update_sums const& collected(index_t parameter) const {
    static_cast<void>(table_.steps(parameter));
    return statistics_.collected(parameter);
  }
};

}  // namespace slimfit
