// SPDX-License-Identifier: MIT
// The gradient of one parameter while it is being summed. Released gradients live in scratch memory and are consumed by
// the optimizer as soon as they are complete; kept ones stay until the whole backward pass is done.
#pragma once

#include <slimfit/pass/context.hpp>

namespace slimfit {

/// `Updates` has
///  - `static constexpr bool releases`;
///  - `apply(parameter, gradient)`, when it releases: called once the gradient is complete; it may change the weights;
///  - `static constexpr bool takes_parts`, false unless it releases: whether gradients may come in parts;
///  - `apply_part(parameter, gradient, first, count)`, when it takes parts: one after the other;
///  - `keep(parameter, gradient)`, when it keeps: the gradient is complete and stays until the arena ends.
/// A gradient of a parameter that is not active holds nothing.
template <scalar T, class Updates>
class gradient {
 public:
  template <class Context>
  constexpr gradient(Context& run, parameter<T> const& target)
      : updates_(&run.updates),
        target_(&target),
        wanted_(run.is_active(target.unit)),
        scratch_(run.memory, wanted_ && Updates::releases ? target.count() : 0, category::gradients),
        data_(scratch_.data()) {
    if constexpr (!Updates::releases) {
      if (wanted_) { data_ = run.memory.template push_lasting<T>(target.count(), category::gradients); }
    }
  }

  [[nodiscard]] constexpr bool wanted() const { return wanted_; }
  [[nodiscard]] constexpr T* data() const { return data_; }
  /// The gradient is complete.
  constexpr void finish() {
    if (!wanted_) { return; }
    if constexpr (Updates::releases) {
      updates_->apply(*target_, data_);
    } else {
      updates_->keep(*target_, data_);
    }
  }

 private:
  Updates* updates_;
  parameter<T> const* target_;
  bool wanted_;
  scratch_buffer<T> scratch_;
  T* data_;
};

template <class Context, scalar T>
gradient(Context&, parameter<T> const&) -> gradient<T, typename Context::updates_type>;

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
