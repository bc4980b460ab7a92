// SPDX-License-Identifier: MIT
// LayerScale behind a linear layer: y = addend + scale * (W h + b). Its gradient would need the linear's output, a
// static activation that nothing else keeps. But sum(dy * (W h + b)) over the rows is W . (dy^T h) + b . sum(dy), and
// dy^T h is the weight's gradient before it is scaled, which is there while the weight is active. So the scale belongs
// to the weight's unit, is updated with it, and nothing is kept for it.
#pragma once

#include <slimfit/kernels/layer_scale.hpp>
#include <slimfit/pass/gradient.hpp>

namespace slimfit {

/// @tparam Exists false: there is none, and nothing is left of it at run time
template <int Width, bool Exists, scalar T>
class layer_scale {
 public:
  static constexpr bool exists = Exists;

  /// To be visited after the linear's weight, whose unit it belongs to.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    if constexpr (Exists) { visitor(scale_, name + ".lambda1"); }
  }

  /// `output = input * scale`, plus `addend` unless it is null. `output` may be either.
  template <class Context>
  constexpr void apply(Context& run, T const* input, index_t rows, T const* addend, T* output) const {
    run.launch(rows, kernels::scale_columns<Width, T>{input, scale_.data, addend, output});
  }

  /// To be called with the complete gradients of the linear before it, which were made from unscaled upstream ones.
  template <class Context, class Linear, class Gradient>
  constexpr void finish(Context& run, Linear const& before, Gradient& weight, Gradient& bias) const {
    if constexpr (Exists) {
      if (weight.wanted()) {
        gradient own(run, scale_);
        run.launch(Width,
                   kernels::layer_scale_gradients<Linear::inputs, T>{
                       scale_.data, before.weight().data, before.bias().data, weight.data(), bias.data(), own.data()});
        own.finish();
      } else if (bias.wanted()) {
        run.launch(1, kernels::scale_columns<Width, T>{bias.data(), scale_.data, nullptr, bias.data()});
      }
    }
  }

 private:
  parameter<T> scale_ = make_parameter<T>(parameter_kind::with_unit, Width);
};

}  // namespace slimfit
