// SPDX-License-Identifier: MIT
// AdamW (arXiv 1711.05101) for parameters that are updated now and then: a unit's moments and step count begin with its
// first update, and what happens to them while it is frozen is a policy.
#pragma once

#include <slimfit/optim/adamw_policies.hpp>
#include <slimfit/optim/kernels/adamw.hpp>
#include <slimfit/optim/optimizer.hpp>

namespace slimfit {

template <class Backend, scalar T, class Frozen, class Moments, class Weights, class Slices>
class adamw_optimizer;

/// Options, for designated initialisers: `adamw{.learning_rate = 7.5e-5}`.
/// @tparam Frozen  what becomes of frozen parameters' moments: `strict`, `coasting` or `drop_when_frozen`
/// @tparam Moments how moments are stored: `moments::float32` or `moments::bits8`
/// @tparam Weights how bf16 weights are updated: `weights::stochastic` or `weights::master_copy`
/// @tparam Slices  what is kept of a parameter's state: `whole_state` or, of several ranks, `sliced_state`
template <class Frozen = strict, class Moments = moments::float32, class Weights = weights::stochastic,
          class Slices = whole_state>
struct basic_adamw {
  static_assert(detail::checked_adamw<Frozen, Moments, Weights>::value);

  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-6;
  double weight_decay = 0.01;
  /// false: root of the corrected second moment + epsilon (PyTorch, the Adam paper); true: epsilon is added before the
  /// bias correction (the AdamW bundled with SlimFit's code), which is a larger epsilon in the first steps.
  bool epsilon_before_correction = false;
  /// false: decay shrinks the updated weight (SlimFit's code); true: the weight before the update (PyTorch).
  bool decay_first = false;
  decayed_parameters decays{};  ///< what weight decay applies to; all by default

  /// Policies, where they are chosen at run time: `basic_adamw<drop_if, moments::bits8_if>{.moments = {.coded =
  /// true}}`.
  [[no_unique_address]] Frozen frozen{};
  [[no_unique_address]] Moments moments{};
  [[no_unique_address]] Slices slices{};

  /// Whether only active parameters have moments.
  [[nodiscard]] constexpr bool drops() const { return frozen.drops; }

  /// The optimizer over a backend.
  template <class Backend, scalar T>
  using optimizer = adamw_optimizer<Backend, T, Frozen, Moments, Weights, Slices>;

  /// What is kept of a parameter of `count` elements once it was updated.
  template <scalar T>
  [[nodiscard]] constexpr state_layout<T> state(index_t count) const {
    state_layout<T> layout;
    moments.add(layout, count);
    if constexpr (Weights::copies) { layout.add("master_copy", state_kind::number, count); }
    if constexpr (Slices::cuts) {
      if (slices.is_cut(count)) { layout.cut(slices.own(count), slices.each(count)); }
    }
    return layout;
  }
  /// The same in words, for checkpoints.
  [[nodiscard]] std::string kept_state() const {
    std::string form = "a form of its own";
    if constexpr (requires { moments.text(); }) { form = moments.text(); }
    return "AdamW with moments in " + form + (Weights::copies ? " and master copies of the weights" : "");
  }
  /// Bytes of category::optimizer that it takes.
  template <scalar T>
  [[nodiscard]] constexpr index_t moment_bytes(index_t count) const {
    return state<T>(count).bytes();
  }
  /// Bytes of category::workspace that the optimizer takes as long as it lives.
  template <scalar T>
  [[nodiscard]] static constexpr index_t workspace_bytes(index_t parameters, index_t largest_parameter) {
    return optimizer_workspace_bytes<adamw_coefficients<compute_type<T>>>(parameters, largest_parameter);
  }
};

using adamw = basic_adamw<>;
using coasting_adamw = basic_adamw<coasting>;
/// Moments are spread over the ranks that train.
using sharded_adamw = basic_adamw<strict, moments::float32, weights::stochastic, sliced_state>;

/// Elements whose gradient, moments or weight would not be finite, see `is_sound`, are left as they were; with moments
/// of 8 bits all 256 that share their scale. The returned `gradient_norm` is then not finite, and updates that follow
/// in the same step change nothing.
template <class Backend, scalar T, class Frozen, class Moments, class Weights, class Slices>
class adamw_optimizer : public optimizer_base<Backend, T, adamw_coefficients<compute_type<T>>,
                                              basic_adamw<Frozen, Moments, Weights, Slices>> {
  using base =
      optimizer_base<Backend, T, adamw_coefficients<compute_type<T>>, basic_adamw<Frozen, Moments, Weights, Slices>>;
  static_assert(!Weights::copies || std::is_same_v<T, bf16>,
                "slimfit: adamw: weights::master_copy is for bf16 weights; float and double weights are updated as "
                "they are: use weights::stochastic, the default");

 public:
  using value_type = typename base::value_type;
  using options_type = typename base::options_type;
  /// Whether frozen parameters must be passed to `coast` in each iteration.
  static constexpr bool coasts = Frozen::coasts;

  /// @param parameters length of the model's parameter list
  /// @param largest_parameter most elements that one of them has
  /// @throws value_error for options outside their domain, memory_error.
  adamw_optimizer(Backend& backend, options_type options, index_t parameters, index_t largest_parameter)
      : base(backend, parameters, largest_parameter, checked(options)) {}

  /// To be called before the updates of each iteration: bias corrections depend on how often a parameter was updated.
  void begin_step() {
    this->send_coefficients([this](index_t step, double decays) { return coefficients(step, decays); });
  }
  /// Enqueues one step of one parameter. Allocates only if it was not prepared.
  /// @throws value_error, shape_error, memory_error; then nothing changed.
  void enqueue(index_t parameter, T* weights, T const* gradient, index_t count) {
    enqueue_part(parameter, weights, gradient, count, {0, count});
  }
  /// The same for a part of the parameter, of which `gradient` is that. The step is done with the last part.
  void enqueue_part(index_t parameter, T* weights, T const* gradient, index_t count, gradient_part const& part) {
    step<true>(parameter, weights, gradient, count, part);
  }
  /// Enqueues one step of each of some parameters, as few launches: for small ones. Throws as `enqueue`.
  void enqueue_together(std::span<parameter_update<T> const> updates) {
    using weights_type = std::conditional_t<Weights::copies, copied_weights<T>, plain_weights<T>>;
    this->template run_together<adamw_update<T, true, number_moments<value_type>, weights_type>>(
        updates,
        [this](parameter_update<T> const& update, update_sums* sums, auto const& use) {
          this->template with_kernel<true>(update, {0, update.count}, sums, use);
        },
        [this](parameter_update<T> const& update) {
          this->enqueue(update.parameter, update.weights, update.gradient, update.count);
        });
  }
  /// One step of one parameter as a whole iteration, and waits for it.
  /// @return what freezing criteria use, measured at this update
  unit_statistics update(index_t parameter, T* weights, T const* gradient, index_t count) {
    begin_step();
    enqueue(parameter, weights, gradient, count);
    return this->measured(parameter, count);
  }
  /// Moves a frozen parameter by its moments. Does nothing for one never updated, and nothing at all when `strict`.
  void coast(index_t parameter, T* weights, index_t count) {
    if constexpr (coasts) {
      if (this->table_.steps(parameter) > 0) { step<false>(parameter, weights, nullptr, count, {0, count}); }
    }
  }

 private:
  template <bool HasGradient>
  void step(index_t parameter, T* weights, T const* gradient, index_t count, gradient_part const& part) {
    auto* const sums = this->sums_for(count, part);
    with_kernel<HasGradient>({parameter, weights, this->own(count, part, gradient), count}, this->own(count, part),
                             sums, [&](auto const& kernel) { this->run(parameter, count, part, kernel); });
  }
  /// Calls `use` with the kernel of a part of an update.
  template <bool HasGradient, class Use>
  void with_kernel(parameter_update<T> const& update, gradient_part const& part, update_sums* sums, Use const& use) {
    auto* const block = this->table_.block(update.parameter, update.count);
    auto const layout = this->table_.layout(update.count);
    auto const with = [&](auto const& stored, auto const& updated) {
      use(adamw_update<T, HasGradient, std::remove_cvref_t<decltype(stored)>, std::remove_cvref_t<decltype(updated)>>{
          this->coefficients_of(update.parameter), update.count, updated, stored, update.gradient, sums, this->gate(),
          this->noise(update.parameter), part.first, this->gradient_factor_});
    };
    this->options_.moments.visit(layout, block, update.count, [&](auto const& stored, int arrays) {
      if constexpr (Weights::copies) {
        with(stored, copied_weights<T>{update.weights, layout.template array<value_type>(block, arrays)});
      } else {
        with(stored, plain_weights<T>{update.weights});
      }
    });
  }

  [[nodiscard]] adamw_coefficients<value_type> coefficients(index_t step, double decays) const {
    auto const& o = this->options_;
    auto const time = static_cast<double>(step);
    double const rate = o.learning_rate * this->factor_;
    double const correction1 = 1.0 - std::pow(o.beta1, time);
    double const root_of_correction2 = std::sqrt(1.0 - std::pow(o.beta2, time));
    // m / c1 / (sqrt(v) / root + epsilon) = (root / c1) * m / (sqrt(v) + epsilon * root)
    double const epsilon = o.epsilon_before_correction ? o.epsilon : o.epsilon * root_of_correction2;
    auto const narrow = [](double number) { return static_cast<value_type>(number); };
    return {.beta1 = narrow(o.beta1),
            .beta2 = narrow(o.beta2),
            .rest1 = narrow(1.0 - o.beta1),
            .rest2 = narrow(1.0 - o.beta2),
            .step_size = narrow(rate * root_of_correction2 / correction1),
            .epsilon = narrow(epsilon),
            .decay = narrow(decays * rate * o.weight_decay),
            .decay_moved = narrow(o.decay_first ? 0.0 : 1.0),
            .step = 0};
  }

  static options_type const& checked(options_type const& o) {
    detail::require_option(o.learning_rate >= 0 && std::isfinite(o.learning_rate), "adamw: learning_rate",
                           o.learning_rate, "a finite number, at least 0");
    detail::require_option(o.beta1 >= 0 && o.beta1 < 1, "adamw: beta1", o.beta1, "at least 0 and less than 1");
    detail::require_option(o.beta2 >= 0 && o.beta2 < 1, "adamw: beta2", o.beta2, "at least 0 and less than 1");
    // 0 / 0 where a gradient is zero from the start.
    detail::require_option(o.epsilon > 0 && std::isfinite(o.epsilon), "adamw: epsilon", o.epsilon, "more than 0");
    detail::require_option(o.weight_decay >= 0 && std::isfinite(o.weight_decay), "adamw: weight_decay", o.weight_decay,
                           "a finite number, at least 0");
    return o;
  }
};

}  // namespace slimfit
