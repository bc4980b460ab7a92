// SPDX-License-Identifier: MIT
// Linear maps of one input, y_i = x * W_i^T + b_i, in the pieces that layers put together: queries, keys and values of
// attention, the two linear maps of an MLP and of a gated one, and `linear` itself. The input is stashed only while one
// of the weights is active, because only the weights' gradients need it.
#pragma once

#include <slimfit/backend/device.hpp>
#include <slimfit/core/matrix_product.hpp>
#include <slimfit/kernels/bias.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/pass/bias_gradient.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/saturation.hpp>

namespace slimfit {

/// Whether a linear map adds a bias.
enum class linear_bias : unsigned char { with, without };

/// Where a linear map writes, and what it adds.
template <scalar T>
struct projection_result {
  T* output = nullptr;
  T const* addend = nullptr;  ///< as the output, which it may be; null: nothing
  bool adds_bias = true;      ///< false: the caller adds it, or it has no effect
};

/// @tparam In, Out    features of the input and of each output
/// @tparam InputStash how the input is kept: a matrix stash, usually `stash::by_state<Active, stash::none>`, or
///                    `stash::rebuilt`
/// @tparam Count      outputs computed from the same input, e.g. 3 for queries, keys and values
template <int In, int Out, class InputStash, scalar T, int Count = 1, linear_bias Bias = linear_bias::with>
class projections {
  static_assert(In > 0 && Out > 0 && Count > 0, "slimfit: linear<In, Out, ...>: sizes must be positive");

 public:
  static constexpr int inputs = In;
  static constexpr int outputs = Out;
  static constexpr bool has_bias = Bias == linear_bias::with;
  using value_type = T;
  using kept_type = typename InputStash::template kept<T, In>;

  constexpr explicit projections(parameter_kind kind = parameter_kind::unit) {
    for (int i = 0; i < Count; ++i) {
      at(weight_, i) = make_parameter<T>(kind, Out, In);
      at(bias_, i) = make_parameter<T>(parameter_kind::bias, Out);
    }
  }

  /// Calls `visitor(parameter, name)` for weight and bias of output `i`.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name, int i = 0) {
    visitor(at(weight_, i), name + ".weight");
    if constexpr (has_bias) { visitor(at(bias_, i), name + ".bias"); }
  }
  [[nodiscard]] constexpr parameter<T> const& weight(int i = 0) const { return at(weight_, i); }
  [[nodiscard]] constexpr parameter<T> const& bias(int i = 0) const requires(has_bias) { return at(bias_, i); }

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

  /// `output = addend + input * W_i^T + b_i`.
  template <class Context>
  constexpr void apply(Context& run, T const* input, index_t rows, projection_result<T> const& to, int i = 0) const {
    bool const biased = has_bias && to.adds_bias;
    operand<T> const left{input, In, false};
    operand<T> const right{at(weight_, i).data, In, true};
    if (!biased && to.addend == nullptr) {
      run.device.multiply(rows, Out, In, left, right, to.output, Out, update_mode::overwrite);
    } else if constexpr (device_traits<typename Context::device_type>::fuses_addends) {
      run.device.multiply_add(rows, Out, In, left, right, to.output, Out,
                              product_addends<T>{biased ? at(bias_, i).data : nullptr, to.addend});
    } else {
      if (biased) {
        run.launch(rows, kernels::broadcast_bias<Out, T>{at(bias_, i).data, to.addend, to.output});
      } else if (to.addend != to.output) {
        run.device.copy(to.addend, to.output, rows * Out);
      }
      run.device.multiply(rows, Out, In, left, right, to.output, Out, update_mode::accumulate);
    }
  }
  /// `input_gradient (+)= output_gradient * W_i`, unless it is null.
  template <class Context>
  constexpr void apply_transpose(Context& run, T const* output_gradient, index_t rows, T* input_gradient,
                                 update_mode mode, int i = 0) const {
    if (input_gradient == nullptr) { return; }
    run.device.multiply(rows, In, Out, operand<T>{output_gradient, Out, false},
                        operand<T>{at(weight_, i).data, In, false}, input_gradient, In, mode);
  }

  /// Gradients of the weights and biases while rows are being processed.
  template <class Updates>
  class gradients {
   public:
    template <class Context>
    constexpr gradients(Context& run, projections const& layer)
        : gradients(run, layer, std::make_index_sequence<static_cast<std::size_t>(Count)>{}) {}

    /// To be called once all rows have been added. They may be updated with others, see `finish_together`.
    constexpr void finish() {
      for (int i = 0; i < Count; ++i) {
        weight[i].finish_soon();
        if constexpr (has_bias) { bias[i].finish_soon(); }
      }
    }

    /// Whether the gradient of bias `i` is wanted.
    [[nodiscard]] constexpr bool wants_bias([[maybe_unused]] int i = 0) {
      if constexpr (has_bias) { return bias[i].wanted(); }
      return false;
    }
    /// `count` partial sums for the gradient of bias `i`; none unless it is wanted.
    template <class Context>
    [[nodiscard]] constexpr partial_sums<Out, T> sums_of_bias(Context& run, index_t count, int i = 0) {
      return partial_sums<Out, T>(run, waiting, wants_bias(i) ? count : 0);
    }
    /// Numbers that `count` partial sums of bias `i` take of `waiting`, those of a pass over `rows` rows.
    [[nodiscard]] constexpr index_t waiting_numbers(index_t count, int i = 0) {
      return wants_bias(i) ? waiting_sums<T>::numbers_of(count, Out) : 0;
    }
    template <class Context>
    [[nodiscard]] constexpr index_t waiting_numbers_of_pass(Context const& run, index_t rows, int i = 0) {
      return waiting_numbers(most_bias_blocks<Out>(run, rows), i);
    }

    gradient_list<T, Updates, Count> weight;
    gradient_list<T, Updates, has_bias ? Count : 0> bias;
    update_mode mode = update_mode::overwrite;  ///< of the next rows
    waiting_sums<T>* waiting = nullptr;         ///< where the next rows' sums for biases are added up; null: at once

   private:
    template <class Context, std::size_t... I>
    constexpr gradients(Context& run, projections const& layer, std::index_sequence<I...> /*all*/)
        : weight(run, layer.weight_[I]...), bias(run, layer.bias_[I]...) {}
  };

  /// Adds the gradients of `rows` rows to `sums`. `source` yields the input: what `keep` returned, from the first of
  /// these rows on, or anything else that restores it.
  template <class Context, class Source, class Updates>
  constexpr void add_gradients(Context& run, Source const& source,
                               std::array<T const*, static_cast<std::size_t>(Count)> const& output_gradients,
                               index_t rows, gradients<Updates>& sums) const {
    for (int i = 0; i < Count; ++i) { add_bias_gradient(run, at(output_gradients, i), rows, sums, i); }
    add_weight_gradients(run, source, output_gradients, rows, sums);
  }
  /// Those of the biases first, each in one of three ways: by a pass over the gradient of its output,
  template <class Context, class Updates>
  constexpr void add_bias_gradient(Context& run, T const* output_gradient, index_t rows, gradients<Updates>& sums,
                                   int i = 0) const {
    if constexpr (has_bias) {
      if (sums.wants_bias(i)) {
        slimfit::add_bias_gradient<Out>(run, output_gradient, rows, sums.bias[i].data(), sums.mode, sums.waiting);
      }
    }
  }
  /// by the partial sums that the kernel made which wrote it,
  template <class Context, class Updates>
  constexpr void add_bias_gradient(Context& run, partial_sums<Out, T> const& made, gradients<Updates>& sums,
                                   int i = 0) const {
    if constexpr (has_bias) {
      if (sums.wants_bias(i)) { made.add_to(run, sums.bias[i].data(), sums.mode); }
    }
  }
  /// or not at all, because it is zero.
  template <class Context, class Updates>
  constexpr void add_no_bias_gradient(Context& run, gradients<Updates>& sums, int i = 0) const {
    add_bias_gradient(run, sums.sums_of_bias(run, 0, i), sums, i);
  }
  /// Those of the weights then.
  template <class Context, class Source, class Updates>
  constexpr void add_weight_gradients(Context& run, Source const& source,
                                      std::array<T const*, static_cast<std::size_t>(Count)> const& output_gradients,
                                      index_t rows, gradients<Updates>& sums) const {
    if (any_wanted(sums.weight)) {
      source.visit([&](auto const& form) { multiply_inputs(run, form, output_gradients, rows, sums); });
    }
    sums.mode = update_mode::accumulate;
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
  template <class Context, class Form, class Updates>
  static constexpr void multiply_inputs(Context& run, Form const& form,
                                        std::array<T const*, static_cast<std::size_t>(Count)> const& output_gradients,
                                        index_t rows, gradients<Updates>& sums) {
    if constexpr (!Form::restores) {
      throw usage_error("slimfit: linear: a weight is active but its input was not kept");
    } else {
      constexpr bool dense = detail::is_dense_view<Form>;
      auto const restored = run.template scratch<T>(dense ? 0 : rows * In);
      T const* input = restored.data();
      if constexpr (dense) {
        input = form.data;
      } else {
        run.launch(rows, kernels::restore_rows<In, T, Form>{form, restored.data()});
      }
      for (int i = 0; i < Count; ++i) {
        if (!sums.weight[i].wanted()) { continue; }
        run.device.multiply(Out, In, rows, operand<T>{at(output_gradients, i), Out, true}, operand<T>{input, In, false},
                            sums.weight[i].data(), In, sums.mode);
      }
    }
  }

  std::array<parameter<T>, static_cast<std::size_t>(Count)> weight_;
  std::array<parameter<T>, static_cast<std::size_t>(Count)> bias_;
};

}  // namespace slimfit
