// SPDX-License-Identifier: MIT
// The gradient of one parameter while it is being summed. By default it lives in scratch memory and is consumed by the
// optimizer as soon as it is complete (a released gradient); updates that want it elsewhere say where.
#pragma once

#include <slimfit/pass/context.hpp>
#include <slimfit/pass/gradient_place.hpp>

namespace slimfit {

namespace detail {
template <scalar T, class Updates>
constexpr gradient_place<T> place_of_gradient(Updates& updates, parameter<T> const& target) {
  if constexpr (requires { updates.place(target); }) {
    return updates.place(target);
  } else {
    return {};
  }
}
}  // namespace detail

/// `Updates` has
///  - `place(parameter)`, a `gradient_place`: where the gradient is written; without it all are in scratch memory;
///  - `apply(parameter, gradient)`: called once the gradient is complete. It may change the weights, unless the
///    gradient lasts;
///  - `static constexpr bool takes_parts`: whether gradients in scratch memory may come in parts;
///  - `apply_part(parameter, gradient, first, count)`, when it takes parts: one after the other;
///  - optionally `begin_together()`, `apply_soon(parameter, gradient)`, which is as `apply` but may wait, and
///    `end_together()`, which ends the waiting.
/// A gradient of a parameter that is not active holds nothing.
template <scalar T, class Updates>
class gradient {
 public:
  template <class Context>
  constexpr gradient(Context& run, parameter<T> const& target)
      : updates_(&run.updates),
        target_(&target),
        wanted_(run.is_active(target.unit)),
        place_(wanted_ ? detail::place_of_gradient(run.updates, target) : gradient_place<T>{}),
        scratch_(run.memory, wanted_ && place_.memory == gradient_memory::scratch ? target.count() : 0,
                 category::gradients) {
    if (place_.memory == gradient_memory::scratch) { place_.data = scratch_.data(); }
    if (place_.memory == gradient_memory::lasting) {
      place_.data = run.memory.template push_lasting<T>(target.count(), category::gradients);
    }
  }

  [[nodiscard]] constexpr bool wanted() const { return wanted_; }
  [[nodiscard]] constexpr T* data() const { return place_.data; }
  /// The gradient is complete.
  constexpr void finish() {
    if (wanted_) { updates_->apply(*target_, place_.data); }
  }

  /// The same, and the gradient lives until the caller of `finish_together` returns: it may be applied with others.
  constexpr void finish_soon() {
    if constexpr (requires { updates_->apply_soon(*target_, place_.data); }) {
      if (wanted_) { updates_->apply_soon(*target_, place_.data); }
    } else {
      finish();
    }
  }

 private:
  Updates* updates_;
  parameter<T> const* target_;
  bool wanted_;
  gradient_place<T> place_;
  scratch_buffer<T> scratch_;
};

/// Of a parameter, in a pass with these updates.
template <class Context, scalar T>
gradient(Context&, parameter<T> const&) -> gradient<T, typename Context::updates_type>;

/// Calls `finish()`; gradients that it finishes soon, and that live longer, are applied together, as few launches.
template <class Context, class Finish>
constexpr void finish_together(Context& run, Finish const& finish) {
  if constexpr (requires { run.updates.begin_together(); }) {
    run.updates.begin_together();
    finish();
    run.updates.end_together();
  } else {
    finish();
  }
}

/// Gradients of `Count` parameters, which begin in the order of the arguments and end in the reverse order. Objects
/// that end something are never elements of an array here: in constant expressions nvcc's front end destroys one
/// element of an array that is a member, so that plans would count memory that has been given back.
template <scalar T, class Updates, int Count = 1>
class gradient_list {
 public:
  template <class Context, class... Rest>
  constexpr gradient_list(Context& run, parameter<T> const& first, Rest const&... rest)
      : first_(run, first), rest_(run, rest...) {
    static_assert(sizeof...(Rest) + 1 == Count);
  }

  [[nodiscard]] constexpr gradient<T, Updates>& operator[](int i) { return i == 0 ? first_ : rest_[i - 1]; }

 private:
  gradient<T, Updates> first_;
  gradient_list<T, Updates, Count - 1> rest_;
};
/// Of parameters that there are none of.
template <scalar T, class Updates>
class gradient_list<T, Updates, 0> {
 public:
  template <class... All>
  constexpr explicit gradient_list(All const&... /*context and parameters*/) {}
};
template <scalar T, class Updates>
class gradient_list<T, Updates, 1> {
 public:
  template <class Context>
  constexpr gradient_list(Context& run, parameter<T> const& only) : only_(run, only) {}

  [[nodiscard]] constexpr gradient<T, Updates>& operator[](int /*i*/) { return only_; }

 private:
  gradient<T, Updates> only_;
};

}  // namespace slimfit
