// SPDX-License-Identifier: MIT
// The linear layer that ends half a transformer block, with what lies between it and the residual: dropout, a
// LayerScale, or nothing.
#pragma once

#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/layer_scale.hpp>
#include <slimfit/layers/linear.hpp>
#include <utility>

namespace slimfit {

/// @tparam Rate   of dropout, e.g. `percent<10>`
/// @tparam Scaled whether a LayerScale follows; then there is no dropout
template <int In, int Out, class InputStash, scalar T, class Rate, bool Scaled>
class residual_linear : public linear<In, Out, InputStash, T> {
 public:
  using linear_type = linear<In, Out, InputStash, T>;
  using dropout_type = dropout<Out, Rate, T>;

  /// To be visited after the linear's own parameters.
  template <class Visitor, class Name>
  constexpr void visit_scale(Visitor&& visitor, Name const& name) {
    scale_.visit(visitor, name);
  }

  /// `output = residual + f(input * W^T + b)`, where f drops, scales or neither. `residual` may be `output`.
  /// @param numbers of the rows in the batch
  template <class Context>
  constexpr void add_to(Context& run, T const* input, row_numbers const& numbers, index_t rows, T const* residual,
                        T* output) const {
    if constexpr (Scaled) {
      auto const whole = run.template scratch<T>(rows * Out);
      this->apply(run, input, rows, whole.data());
      scale_.apply(run, whole.data(), rows, residual, output);
    } else if (dropout_type::happens(run)) {
      auto const whole = run.template scratch<T>(rows * Out);
      this->apply(run, input, rows, whole.data());
      drop(numbers).apply_to(run, whole.data(), rows, residual, output);
    } else {
      this->apply_to(run, input, rows, residual, output);
    }
  }

  /// What the gradient of `output` becomes on its way back through f.
  template <class Context>
  class upstream {
   public:
    constexpr upstream(Context& run, residual_linear const& layer, T const* output_gradient, row_numbers const& numbers,
                       index_t rows)
        : dropped_(run.template scratch<T>(dropout_type::happens(run) ? rows * Out : 0)),
          scaled_(run.template scratch<T>(Scaled ? rows * Out : 0)),
          own_(output_gradient),
          below_(output_gradient) {
      if (dropout_type::happens(run)) {
        layer.drop(numbers).apply(run, output_gradient, rows, dropped_.data());
        own_ = below_ = dropped_.data();
      }
      if constexpr (Scaled) {
        layer.scale_.apply(run, output_gradient, rows, nullptr, scaled_.data());
        below_ = scaled_.data();
      }
    }

    /// For the gradients of weight and bias: not scaled yet, see layer_scale.hpp.
    [[nodiscard]] constexpr T const* own() const { return own_; }
    /// For the input's gradient.
    [[nodiscard]] constexpr T const* below() const { return below_; }

   private:
    using scratch_type = decltype(std::declval<Context&>().template scratch<T>(0));

    scratch_type dropped_;
    scratch_type scaled_;
    T const* own_;
    T const* below_;
  };

  /// To be called with the complete gradients of weight and bias before they are finished.
  template <class Context, class Gradient>
  constexpr void finish_scale(Context& run, Gradient& weight, Gradient& bias) const {
    scale_.finish(run, static_cast<linear_type const&>(*this), weight, bias);
  }

 private:
  [[nodiscard]] constexpr dropout_type drop(row_numbers const& numbers) const {
    return {this->weight().position, numbers};
  }

  layer_scale<Out, Scaled, T> scale_;
};

}  // namespace slimfit
