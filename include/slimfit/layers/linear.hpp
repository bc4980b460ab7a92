// SPDX-License-Identifier: MIT
// Linear layers that share one input: y_i = x * W_i^T + b_i. The input is stashed only while one of the weights is
// active, because only the weights' gradients need it.
#pragma once

#include <slimfit/core/matrix_product.hpp>
#include <slimfit/kernels/bias.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/pass/bias_gradient.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/saturation.hpp>

namespace slimfit {

/// @tparam In, Out    features of the input and of each output
/// @tparam InputStash how the input is kept: a matrix stash, usually `stash::by_state<Active, stash::none>`
/// @tparam Count      outputs computed from the same input, e.g. 3 for queries, keys and values
template <int In, int Out, class InputStash, scalar T, int Count = 1>
class linear {
  static_assert(In > 0 && Out > 0 && Count > 0, "slimfit: linear<In, Out, ...>: sizes must be positive");

 public:
  static constexpr int inputs = In;
  static constexpr int outputs = Out;
  using value_type = T;
  using kept_type = typename InputStash::template kept<T, In>;

  constexpr explicit linear(parameter_kind kind = parameter_kind::unit) {
    for (int i = 0; i < Count; ++i) {
      at(weight_, i) = make_parameter<T>(kind, Out, In);
      at(bias_, i) = make_parameter<T>(parameter_kind::bias, Out);
    }
  }

  /// Calls `visitor(parameter, name)` for weight and bias of output `i`.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name, int i = 0) {
    visitor(at(weight_, i), name + ".weight");
    visitor(at(bias_, i), name + ".bias");
  }
  [[nodiscard]] constexpr parameter<T> const& weight(int i = 0) const { return at(weight_, i); }
  [[nodiscard]] constexpr parameter<T> const& bias(int i = 0) const { return at(bias_, i); }

  /// The input, which is kept here.
  [[nodiscard]] constexpr matrix_place input_place() const { return {at(weight_, 0).position}; }
  /// Output `i`, which is kept by whoever reads it as `matrix`.
  [[nodiscard]] constexpr matrix_place output_place(layer_matrix matrix, int i = 0) const {
    return {at(weight_, i).position, matrix};
  }

  /// Makes room for the input of `rows` rows on the tape. @param name of the input, for records of memory
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, index_t rows, char const* name = "linear's input") const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return run.template keep<InputStash, T, In>(
          rows, {.name = name, .purpose = category::dynamic_activations, .units = {weight_[I].unit...}}, input_place());
    }
    (std::make_index_sequence<static_cast<std::size_t>(Count)>{});
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    InputStash::release(run.memory, kept);
  }
  /// Saves `rows` rows of the input, unless they were written to the tape in the first place.
  template <class Context>
  constexpr void save_input(Context& run, kept_type const& kept, T const* input, index_t rows) const {
    save_counted(run, kept, rows, input_place(), [&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (form_type::restores) {
        if (!detail::is_dense_view<form_type> || detail::tape_matrix<T>(form) != input) {
          run.launch(rows, kernels::save_rows<In, T, form_type>{input, form});
        }
      }
    });
  }

  /// `output = input * W_i^T + b_i`, or without the bias, or added to what `output` holds.
  template <class Context>
  constexpr void apply(Context& run, T const* input, index_t rows, T* output, int i = 0) const {
    apply_to(run, input, rows, nullptr, output, i);
  }
  /// `output = addend + input * W_i^T + b_i`. `addend` may be `output`, or null for none.
  template <class Context>
  constexpr void apply_to(Context& run, T const* input, index_t rows, T const* addend, T* output, int i = 0) const {
    if constexpr (requires { Context::device_type::fuses_addends; }) {
      run.device.multiply_add(rows, Out, In, operand<T>{input, In, false}, operand<T>{at(weight_, i).data, In, true},
                              output, Out, product_addends<T>{at(bias_, i).data, addend});
    } else {
      run.launch(rows, kernels::broadcast_bias<Out, T>{at(bias_, i).data, addend, output});
      apply_weight(run, input, rows, output, update_mode::accumulate, i);
    }
  }
  template <class Context>
  constexpr void apply_weight(Context& run, T const* input, index_t rows, T* output, update_mode mode,
                              int i = 0) const {
    run.device.multiply(rows, Out, In, operand<T>{input, In, false}, operand<T>{at(weight_, i).data, In, true}, output,
                        Out, mode);
  }
  /// `input_gradient (+)= output_gradient * W_i`.
  template <class Context>
  constexpr void apply_transpose(Context& run, T const* output_gradient, index_t rows, T* input_gradient,
                                 update_mode mode, int i = 0) const {
    run.device.multiply(rows, In, Out, operand<T>{output_gradient, Out, false},
                        operand<T>{at(weight_, i).data, In, false}, input_gradient, In, mode);
  }

  /// Adds the gradients of `rows` rows. `source` yields the input: what `keep` returned, from the first of these rows
  /// on, or anything else that restores it.
  template <class Context, class Source, class Updates>
  constexpr void add_gradients(Context& run, Source const& source,
                               T const* const (&output_gradients)[static_cast<std::size_t>(Count)], index_t rows,
                               gradient_list<T, Updates, Count>& weight_gradients,
                               gradient_list<T, Updates, Count>& bias_gradients, update_mode mode) const {
    for (int i = 0; i < Count; ++i) {
      if (bias_gradients[i].wanted()) {
        add_bias_gradient<Out>(run, output_gradients[i], rows, bias_gradients[i].data(), mode);
      }
    }
    if (!any_wanted(weight_gradients)) { return; }
    source.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (!form_type::restores) {
        throw usage_error("slimfit: linear: a weight is active but its input was not kept");
      } else {
        constexpr bool dense = detail::is_dense_view<form_type>;
        auto const restored = run.template scratch<T>(dense ? 0 : rows * In);
        T const* input = restored.data();
        if constexpr (dense) {
          input = form.data;
        } else {
          run.launch(rows, kernels::restore_rows<In, T, form_type>{form, restored.data()});
        }
        for (int i = 0; i < Count; ++i) {
          if (!weight_gradients[i].wanted()) { continue; }
          run.device.multiply(Out, In, rows, operand<T>{output_gradients[i], Out, true}, operand<T>{input, In, false},
                              weight_gradients[i].data(), In, mode);
        }
      }
    });
  }

  /// The whole forward pass of one output, for use outside a block.
  /// @return what `backward` needs
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* input, index_t rows, T* output) const
      requires(Count == 1) {
    auto const kept = keep(run, rows);
    save_input(run, kept, input, rows);
    apply(run, input, rows, output);
    return kept;
  }
  /// Overwrites `input_gradient` unless it is null; hands the gradients of weight and bias to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* output_gradient, index_t rows,
                          T* input_gradient) const requires(Count == 1) {
    backward_from(run, kept, output_gradient, rows, input_gradient);
    release(run, kept);
  }
  /// The same with the input from `source`; nothing is released.
  template <class Context, class Source>
  constexpr void backward_from(Context& run, Source const& source, T const* output_gradient, index_t rows,
                               T* input_gradient) const requires(Count == 1) {
    if (input_gradient != nullptr) {
      apply_transpose(run, output_gradient, rows, input_gradient, update_mode::overwrite);
    }
    gradient_list<T, typename Context::updates_type> weight_gradient(run, weight_[0]);
    gradient_list<T, typename Context::updates_type> bias_gradient(run, bias_[0]);
    T const* const gradients[1]{output_gradient};
    add_gradients(run, source, gradients, rows, weight_gradient, bias_gradient, update_mode::overwrite);
    bias_gradient[0].finish();
    weight_gradient[0].finish();
  }

 private:
  template <class Array>
  static constexpr auto& at(Array& values, int i) {
    return values[static_cast<std::size_t>(i)];
  }
  template <class Gradients>
  static constexpr bool any_wanted(Gradients& gradients) {
    for (int i = 0; i < Count; ++i) {
      if (gradients[i].wanted()) { return true; }
    }
    return false;
  }

  std::array<parameter<T>, static_cast<std::size_t>(Count)> weight_;
  std::array<parameter<T>, static_cast<std::size_t>(Count)> bias_;
};

}  // namespace slimfit
