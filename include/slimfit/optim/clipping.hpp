// SPDX-License-Identifier: MIT
// Optimizers that shrink gradients whose norm is too large. Both are exact. The norm of the step before would be known
// without any memory, but comes too late for the one large gradient that clipping is for: it is no choice here.
#pragma once

#include <slimfit/memory/arena.hpp>
#include <slimfit/optim/adamw.hpp>

namespace slimfit {

template <class Backend, scalar T, class Options>
class global_norm_optimizer;
template <class Backend, scalar T, class Options>
class each_norm_optimizer;

namespace detail {
/// What options of optimizers that clip share.
template <class Optimizer>
struct clipping_options {
  Optimizer clipped{};
  double norm = 1.0;  ///< the most that a norm may be

  using clipped_options = Optimizer;
  [[nodiscard]] constexpr bool drops() const { return clipped.drops(); }
  [[nodiscard]] std::string kept_state() const requires requires(Optimizer const& each) { each.kept_state(); }
  { return clipped.kept_state(); }

  template <scalar T>
  [[nodiscard]] constexpr index_t moment_bytes(index_t count) const {
    return clipped.template moment_bytes<T>(count);
  }
  template <scalar T>
  [[nodiscard]] static constexpr index_t workspace_bytes(index_t parameters, index_t largest_parameter) {
    return Optimizer::template workspace_bytes<T>(parameters, largest_parameter) +
           arena::bytes_of<kernels::clipping_state>(1);
  }
};
}  // namespace detail

/// Options of an optimizer that clips the norm of all gradients of a step together (Pascanu et al., arXiv 1211.5063),
/// as torch.nn.utils.clip_grad_norm_ does. No weight may change before that norm is known, so the gradients of all that
/// is active are kept until the backward pass is done, also where the policy releases gradients; plans count them.
/// `clip_global_norm{adamw{.learning_rate = 1e-4}, 1.0}`
/// @tparam Optimizer options of an optimizer
template <class Optimizer = adamw>
struct clip_global_norm : detail::clipping_options<Optimizer> {
  static constexpr char const* name = "clip_global_norm: norm";
  static constexpr bool keeps_gradients = true;
  template <class Backend, scalar T>
  using optimizer = global_norm_optimizer<Backend, T, clip_global_norm>;
};
/// The optimizer's options, and the largest norm.
template <class Optimizer>
clip_global_norm(Optimizer, double) -> clip_global_norm<Optimizer>;

/// Options of an optimizer that clips the norm of each parameter's gradient by itself. Released gradients stay
/// released: a gradient is read twice while it is there. A table's gradient that would come in parts comes whole.
/// `clip_each_norm{adamw{.learning_rate = 1e-4}, 1.0}`
/// @tparam Optimizer options of an optimizer
template <class Optimizer = adamw>
struct clip_each_norm : detail::clipping_options<Optimizer> {
  static constexpr char const* name = "clip_each_norm: norm";
  static constexpr bool takes_parts = false;
  template <class Backend, scalar T>
  using optimizer = each_norm_optimizer<Backend, T, clip_each_norm>;
};
/// The optimizer's options, and the largest norm.
template <class Optimizer>
clip_each_norm(Optimizer, double) -> clip_each_norm<Optimizer>;

/// What both share: an optimizer, and a norm that it measures.
template <class Backend, scalar T, class Options>
class clipping_optimizer : public Options::clipped_options::template optimizer<Backend, T> {
  using base = typename Options::clipped_options::template optimizer<Backend, T>;

 public:
  using options_type = Options;

  /// @throws value_error for options outside their domain, memory_error.
  clipping_optimizer(Backend& backend, Options const& options, index_t parameters, index_t largest_parameter)
      : base(backend, options.clipped, parameters, largest_parameter),
        options_(options),
        state_(backend.memory(), 1, category::workspace) {
    detail::require_option(options.norm > 0 && std::isfinite(options.norm), Options::name, options.norm,
                           "a finite number, more than 0");
    this->set_gradient_factor(&state_.data()->factor);
  }

  [[nodiscard]] Options const& options() const { return options_; }
  void add_to(byte_counts& held) const {
    base::add_to(held);
    state_.add_to(held);
  }

 protected:
  /// Enqueues: the norm is that of `gradient` and, unless it is the `first`, of those before.
  void measure(index_t parameter, T const* gradient, index_t count, bool first) {
    this->measure_gradient(parameter, gradient, count, {first, options_.norm, state_.data()});
  }

 private:
  Options options_;
  buffer<kernels::clipping_state, typename Backend::resource_type> state_;
};

/// Its gradients are passed to `include_in_norm`, all of a step, before the first is passed to `enqueue`.
template <class Backend, scalar T, class Options>
class global_norm_optimizer : public clipping_optimizer<Backend, T, Options> {
 public:
  using clipping_optimizer<Backend, T, Options>::clipping_optimizer;

  /// @param first whether it is the first of its step
  void include_in_norm(index_t parameter, T const* gradient, index_t count, bool first) {
    this->measure(parameter, gradient, count, first);
  }
};

template <class Backend, scalar T, class Options>
class each_norm_optimizer : public clipping_optimizer<Backend, T, Options> {
  using base = clipping_optimizer<Backend, T, Options>;

 public:
  using base::base;

  void enqueue(index_t parameter, T* weights, T const* gradient, index_t count) {
    this->measure(parameter, gradient, count, true);
    base::enqueue(parameter, weights, gradient, count);
  }
  unit_statistics update(index_t parameter, T* weights, T const* gradient, index_t count) {
    this->begin_step();
    enqueue(parameter, weights, gradient, count);
    return this->measured(parameter, count);
  }
  /// The norm of a gradient is not known before it is whole.
  void enqueue_part(index_t, T*, T const*, index_t, gradient_part const&) = delete;
  /// There is one place for the norm.
  void enqueue_together(std::span<parameter_update<T> const>) = delete;
};

}  // namespace slimfit
