// SPDX-License-Identifier: MIT
// A layer from two functions of a row, its value and its gradients, with one weight per feature: a normalisation or a
// scale of a program's own, which takes layer normalisation's place in a block or stands between embedding and stack.
#pragma once

#include <slimfit/kernels/row_function.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/bias_gradient.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/kept_rows.hpp>
#include <slimfit/stash/by_state.hpp>

namespace slimfit {

/// @tparam Function has `value(group, x, w)` and `gradients(group, x, w, dy)`, which gives `row_gradients`, of tiles;
///                  `name`, for records of memory; and `input_gradient_needs_input`: false where only the weight's
///                  gradient reads x, which is then kept only while the weight is active
/// @tparam Stash    how the input is kept: a matrix stash
template <int Width, class Function, class Stash, scalar T>
class row_layer : public whole_batch<row_layer<Width, Function, Stash, T>, T> {
  static constexpr bool is_static = Function::input_gradient_needs_input;

 public:
  using value_type = T;
  static constexpr int width = Width;
  using stash_type = std::conditional_t<is_static, stash::when_training<Stash>, stash::by_state<Stash, stash::none>>;
  using kept_type = kept_rows<stash_type, T, Width>;
  using whole_batch<row_layer, T>::forward;
  using whole_batch<row_layer, T>::backward;

  constexpr explicit row_layer(parameter_kind kind = parameter_kind::unit) : weight_(make_parameter<T>(kind, Width)) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visitor(weight_, name + ".weight");
  }
  [[nodiscard]] constexpr parameter<T> const& weight() const { return weight_; }

  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                         char const* name = Function::name) const {
    if constexpr (is_static) {
      return {run.template keep<stash_type, T, Width>(batch.rows(), {.name = name}, place()), batch};
    } else {
      return {
          run.template keep<stash_type, T, Width>(
              batch.rows(), {.name = name, .purpose = category::dynamic_activations, .units = {weight_.unit}}, place()),
          batch};
    }
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    stash_type::release(run.memory, kept.input);
  }

  /// The output may be the input. @throws usage_error for a residual: none is added
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    detail::require_no_residual("row_layer", in);
    kept.input.visit([&]<class Form>(Form const& form) {
      run.launch(kept.batch.rows(),
                 kernels::row_function_forward<Function, Width, T, Form>{in.input, weight_.data, out.output, form});
    });
  }

  template <class Updates>
  struct gradients {
    gradient<T, Updates> weight;
    update_mode mode = update_mode::overwrite;  ///< of the next rows

    template <class Context>
    constexpr gradients(Context& run, row_layer const& layer) : weight(run, layer.weight_) {}
    template <class Context>
    constexpr void finish(Context& /*run*/, row_layer const& /*layer*/) {
      weight.finish();
    }
  };

  /// The input's gradient may be the output's. @throws usage_error where it is null
  template <class Context, class Updates>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below, gradients<Updates>& sums) const {
    detail::require_input_gradient(run, "row_layer", below);
    index_t const rows = kept.batch.rows();
    auto const products = run.template scratch<T>(sums.weight.wanted() ? rows * Width : 0);
    kept.input.visit([&]<class Form>(Form const& form) {
      if constexpr (is_static && !Form::restores) {
        throw usage_error("slimfit: row_layer: nothing was kept for the backward pass");
      } else {
        run.launch(rows,
                   kernels::row_function_backward<Function, Width, T, Form>{
                       form, weight_.data, above.output_gradient, below.input_gradient, products.data(), below.mode});
      }
    });
    if (sums.weight.wanted()) { add_bias_gradient<Width>(run, products.data(), rows, sums.weight.data(), sums.mode); }
    sums.mode = update_mode::accumulate;
  }

  /// Calls `body` with a source of the rows of the output, rebuilt from the input that is kept.
  template <class Body>
  constexpr void with_output(kept_type const& kept, Body const& body) const requires(is_static) {
    kept.input.visit([&]<class Form>(Form const& form) {
      if constexpr (Form::restores) {
        body(kernels::row_function_output<Function, Width, T, Form>{form, weight_.data});
      }
    });
  }

 private:
  [[nodiscard]] constexpr matrix_place place() const { return {weight_.position, layer_matrix::normalized}; }

  parameter<T> weight_;
};

}  // namespace slimfit
