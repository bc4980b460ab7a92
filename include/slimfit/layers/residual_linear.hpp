// SPDX-License-Identifier: MIT
// The linear layer that ends half a transformer block, with what lies between it and the residual: dropout, a
// LayerScale, or nothing: y = residual + f(x * W^T + b).
#pragma once

#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/layer_scale.hpp>
#include <slimfit/layers/linear.hpp>

namespace slimfit {

/// @tparam Rate   of dropout, e.g. `percent<10>`
/// @tparam Scaled whether a LayerScale follows; then there is no dropout
template <int In, int Out, class InputStash, scalar T, class Rate, bool Scaled>
class residual_linear : public whole_batch<residual_linear<In, Out, InputStash, T, Rate, Scaled>, T> {
  static_assert(!Scaled || Rate::numerator == 0,
                "slimfit: residual_linear: with a LayerScale there is no dropout; use percent<0>");

 public:
  using value_type = T;
  using projection_type = projections<In, Out, InputStash, T>;
  using dropout_type = dropout<Out, Rate, T>;
  using linear_type = linear<In, Out, InputStash, T>;
  using kept_type = typename linear_type::kept_type;
  using whole_batch<residual_linear, T>::forward;
  using whole_batch<residual_linear, T>::backward;

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    linear_.visit(visitor, name);
  }
  /// To be visited after the linear's own parameters.
  template <class Visitor, class Name>
  constexpr void visit_scale(Visitor&& visitor, Name const& name) {
    scale_.visit(visitor, name);
  }
  [[nodiscard]] constexpr projection_type const& projection() const { return linear_.projection(); }

  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                         char const* name = "linear's input") const {
    return linear_.keep(run, batch, name);
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    linear_.release(run, kept);
  }

  /// The residual may be the output.
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    projection().save_input(run, kept.input, in.input, kept.batch.rows());
    forward_saved(run, kept.batch, in, out);
  }
  /// The same for an input that is saved already.
  template <class Context>
  constexpr void forward_saved(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                               forward_results<T> const& out) const {
    index_t const rows = batch.rows();
    if (!Scaled && !dropout_type::happens(run)) {
      projection().apply(run, in.input, rows, {.output = out.output, .addend = in.residual});
      return;
    }
    auto const whole = run.template scratch<T>(rows * Out);
    projection().apply(run, in.input, rows, {.output = whole.data()});
    if constexpr (Scaled) {
      scale_.apply(run, whole.data(), rows, in.residual, out.output);
    } else if (in.residual == nullptr) {
      drop(batch).apply(run, whole.data(), rows, out.output);
    } else {
      drop(batch).apply_to(run, whole.data(), rows, in.residual, out.output);
    }
  }

  template <class Updates>
  struct gradients : projection_type::template gradients<Updates> {
    using base = typename projection_type::template gradients<Updates>;
    template <class Context>
    constexpr gradients(Context& run, residual_linear const& layer) : base(run, layer.projection()) {}
    template <class Context>
    constexpr void finish(Context& run, residual_linear const& layer) {
      layer.scale_.finish(run, layer.projection(), this->weight[0], this->bias[0]);
      base::finish();
    }
  };

  /// The input's gradient may be null.
  template <class Context, class Updates, class Source = kept_input>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T, Source> const& above,
                          backward_results<T> const& below, gradients<Updates>& sums) const {
    index_t const rows = kept.batch.rows();
    bool const drops = dropout_type::happens(run);
    auto const dropped = run.template scratch<T>(drops ? rows * Out : 0);
    T const* gradient = above.output_gradient;
    if (drops) {
      drop(kept.batch).apply(run, gradient, rows, dropped.data());
      gradient = dropped.data();
    }
    {
      auto const scaled = run.template scratch<T>(Scaled ? rows * Out : 0);
      if constexpr (Scaled) { scale_.apply(run, gradient, rows, nullptr, scaled.data()); }
      projection().apply_transpose(run, Scaled ? scaled.data() : gradient, rows, below.input_gradient, below.mode);
    }
    // Gradients of weight and bias are not scaled yet: see layer_scale.hpp.
    if constexpr (std::same_as<Source, kept_input>) {
      projection().add_gradients(run, kept.input, {gradient}, rows, sums);
    } else {
      projection().add_gradients(run, above.input, {gradient}, rows, sums);
    }
  }

 private:
  [[nodiscard]] constexpr dropout_type drop(sequence_batch const& batch) const {
    return {projection().weight().position, batch.numbers()};
  }

  linear_type linear_;
  layer_scale<Out, Scaled, T> scale_;
};

}  // namespace slimfit
