// SPDX-License-Identifier: MIT
// Stochastic gradient descent. Without momentum it keeps no state at all.
#pragma once

#include <slimfit/optim/kernels/sgd.hpp>
#include <slimfit/optim/optimizer.hpp>

namespace slimfit {

template <class Backend, scalar T, class Slices>
class sgd_optimizer;

/// Options, for designated initialisers: `sgd{.learning_rate = 0.1, .momentum = 0.9}`.
/// @tparam Slices what is kept of a parameter's state: `whole_state` or, of several ranks, `sliced_state`
template <class Slices = whole_state>
struct basic_sgd {
  double learning_rate = 1e-2;
  double momentum = 0;      ///< 0: none, and no memory for it
  double weight_decay = 0;  ///< added to the gradient, times the weight
  decayed_parameters decays{};
  [[no_unique_address]] Slices slices{};

  [[nodiscard]] static constexpr bool drops() { return false; }

  template <class Backend, scalar T>
  using optimizer = sgd_optimizer<Backend, T, Slices>;

  /// What is kept of a parameter of `count` elements once it was updated.
  template <scalar T>
  [[nodiscard]] constexpr state_layout<T> state(index_t count) const {
    state_layout<T> layout;
    if (momentum > 0) { layout.add("momentum", state_kind::number, count); }
    if constexpr (Slices::cuts) {
      if (slices.is_cut(count)) { layout.cut(slices.own(count), slices.each(count)); }
    }
    return layout;
  }
  /// The same in words, for checkpoints.
  [[nodiscard]] std::string kept_state() const { return momentum > 0 ? "SGD with momentum" : "SGD without momentum"; }
  /// Bytes of category::optimizer that it takes.
  template <scalar T>
  [[nodiscard]] constexpr index_t moment_bytes(index_t count) const {
    return state<T>(count).bytes();
  }
  /// Bytes of category::workspace that the optimizer takes as long as it lives.
  template <scalar T>
  [[nodiscard]] static constexpr index_t workspace_bytes(index_t parameters, index_t largest_parameter) {
    return optimizer_workspace_bytes<sgd_coefficients<compute_type<T>>>(parameters, largest_parameter);
  }
};

using sgd = basic_sgd<>;
/// Momentum is spread over the ranks that train.
using sharded_sgd = basic_sgd<sliced_state>;

/// Frozen parameters and their momentum do not move. Gradients and updates that are not finite: as in
/// `adamw_optimizer`.
template <class Backend, scalar T, class Slices>
class sgd_optimizer : public optimizer_base<Backend, T, sgd_coefficients<compute_type<T>>, basic_sgd<Slices>> {
  using base = optimizer_base<Backend, T, sgd_coefficients<compute_type<T>>, basic_sgd<Slices>>;

 public:
  using value_type = typename base::value_type;
  static constexpr bool coasts = false;

  /// @param parameters length of the model's parameter list
  /// @param largest_parameter most elements that one of them has
  /// @throws value_error for options outside their domain, memory_error.
  sgd_optimizer(Backend& backend, basic_sgd<Slices> options, index_t parameters, index_t largest_parameter)
      : base(backend, parameters, largest_parameter, checked(options)) {}

  /// To be called before the updates of each iteration.
  void begin_step() {
    auto const narrow = [](double number) { return static_cast<value_type>(number); };
    auto const& options = this->options_;
    this->send_coefficients([&](index_t /*step*/, double decays) {
      return sgd_coefficients<value_type>{.learning_rate = narrow(options.learning_rate * this->factor_),
                                          .momentum = narrow(options.momentum),
                                          .decay = narrow(decays * options.weight_decay),
                                          .step = 0};
    });
  }
  /// Enqueues one step of one parameter. Allocates only if it has momentum and was not prepared.
  /// @throws value_error, shape_error, memory_error; then nothing changed.
  void enqueue(index_t parameter, T* weights, T const* gradient, index_t count) {
    enqueue_part(parameter, weights, gradient, count, {0, count});
  }
  /// The same for a part of the parameter, of which `gradient` is that. The step is done with the last part.
  void enqueue_part(index_t parameter, T* weights, T const* gradient, index_t count, gradient_part const& part) {
    auto* const sums = this->sums_for(count, part);
    with_kernel({parameter, weights, this->own(count, part, gradient), count}, this->own(count, part), sums,
                [&](auto const& kernel) { this->run(parameter, count, part, kernel); });
  }
  /// Enqueues one step of each of some parameters, as few launches: for small ones. Throws as `enqueue`.
  void enqueue_together(std::span<parameter_update<T> const> updates) {
    auto const run = [&]<bool HasMomentum>(std::bool_constant<HasMomentum>) {
      this->template run_together<sgd_update<T, HasMomentum>>(
          updates,
          [this](parameter_update<T> const& update, update_sums* sums, auto const& use) {
            this->with_kernel(update, {0, update.count}, sums, use);
          },
          [this](parameter_update<T> const& update) {
            this->enqueue(update.parameter, update.weights, update.gradient, update.count);
          });
    };
    if (this->options_.momentum > 0) {
      run(std::true_type{});
    } else {
      run(std::false_type{});
    }
  }
  /// One step of one parameter as a whole iteration, and waits for it.
  /// @return what freezing criteria use, measured at this update
  unit_statistics update(index_t parameter, T* weights, T const* gradient, index_t count) {
    begin_step();
    enqueue(parameter, weights, gradient, count);
    return this->measured(parameter, count);
  }
  /// Frozen parameters stay as they are.
  void coast(index_t /*parameter*/, T* /*weights*/, index_t /*count*/) {}

 private:
  /// Calls `use` with the kernel of a part of an update.
  template <class Use>
  void with_kernel(parameter_update<T> const& update, gradient_part const& part, update_sums* sums, Use const& use) {
    static_cast<void>(this->table_.steps(update.parameter));  // throws for a position that does not exist
    auto* const block = this->table_.block(update.parameter, update.count);
    auto* const moment =
        block == nullptr ? nullptr : this->table_.layout(update.count).template array<value_type>(block, 0);
    auto const with = [&](auto has_momentum) {
      use(sgd_update<T, decltype(has_momentum)::value>{
          this->coefficients_of(update.parameter), update.count, update.weights, moment, update.gradient, sums,
          this->gate(), this->noise(update.parameter), part.first, this->gradient_factor_});
    };
    if (moment != nullptr) {
      with(std::true_type{});
    } else {
      with(std::false_type{});
    }
  }
  static basic_sgd<Slices> const& checked(basic_sgd<Slices> const& o) {
    detail::require_option(o.learning_rate >= 0 && std::isfinite(o.learning_rate), "sgd: learning_rate",
                           o.learning_rate, "a finite number, at least 0");
    detail::require_option(o.momentum >= 0 && o.momentum < 1, "sgd: momentum", o.momentum,
                           "at least 0 and less than 1");
    detail::require_option(o.weight_decay >= 0 && std::isfinite(o.weight_decay), "sgd: weight_decay", o.weight_decay,
                           "a finite number, at least 0");
    return o;
  }
};

}  // namespace slimfit
