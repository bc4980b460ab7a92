// SPDX-License-Identifier: MIT
// A layer without weights from two functions of numbers, its value and its gradients: an activation, a gate, whatever
// works element by element. A row of its input has one part of `Width` numbers for each argument of the function.
#pragma once

#include <slimfit/kernels/element_function.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/saturation.hpp>
#include <slimfit/stash/by_state.hpp>

namespace slimfit {

/// @tparam Width    numbers of a row of the output
/// @tparam Function see `element_function`
/// @tparam Stash    how the input is kept: a matrix stash, for each part as a row of its own
template <int Width, element_function Function, class Stash, scalar T>
class element_layer : public whole_batch<element_layer<Width, Function, Stash, T>, T> {
  static_assert(Width > 0, "slimfit: element_layer<Width, ...>: Width must be positive");

 public:
  using value_type = T;
  static constexpr int inputs = Function::inputs * Width;
  static constexpr int outputs = Width;
  /// Whether the output may be the input, and the input's gradient the output's.
  static constexpr bool works_in_place = Function::inputs == 1;
  using stash_type = stash::when_training<Stash>;
  using whole_batch<element_layer, T>::forward;
  using whole_batch<element_layer, T>::backward;

  struct kept_type {
    typename stash_type::template kept<T, Width> input;  ///< a row for each part
    sequence_batch batch;
    matrix_place place;

    [[nodiscard]] constexpr kept_type part(index_t first, index_t count) const {
      return {input.rows_from(batch.first(first) * Function::inputs), batch.part(first, count), place};
    }
  };

  /// There is none.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& /*visitor*/, Name const& /*name*/) {}

  /// @param place of the input, for a stash that rounds at random: its layer's, see `linear::output_place`
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                         matrix_place const& place = {}) const {
    return {run.template keep<stash_type, T, Width>(batch.rows() * Function::inputs, {.name = Function::name}, place),
            batch, place};
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    stash_type::release(run.memory, kept.input);
  }

  /// @throws usage_error for a residual: none is added
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    detail::require_no_residual("element_layer", in);
    index_t const rows = kept.batch.rows();
    save_counted(run, kept.input, rows * Function::inputs, kept.place, [&]<class Form>(Form const& form) {
      if constexpr (detail::is_dense_view<Form>) {
        if (detail::tape_matrix<T>(form) == in.input) {  // was written to the tape in the first place
          launch_forward(run, rows, in.input, out.output, stash::none::kept<T, Width>{});
          return;
        }
      }
      launch_forward(run, rows, in.input, out.output, form);
    });
  }

  /// There are none.
  template <class Updates>
  struct gradients {
    template <class Context>
    constexpr gradients(Context& /*run*/, element_layer const& /*layer*/) {}
    template <class Context>
    constexpr void finish(Context& /*run*/, element_layer const& /*layer*/) {}
  };

  /// @throws usage_error where the input's gradient is null
  template <class Context, class Updates>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below, gradients<Updates>& /*sums*/) const {
    detail::require_input_gradient(run, "element_layer", below);
    kept.input.visit([&]<class Form>(Form const& form) {
      if constexpr (!Form::restores) {
        throw usage_error("slimfit: element_layer: nothing was kept for the backward pass");
      } else {
        run.launch(kept.batch.rows(), kernels::element_function_backward<Function, Width, T, Form>{
                                          form, above.output_gradient, below.input_gradient, below.mode});
      }
    });
  }

  /// Calls `body` with a source of the rows of the output, rebuilt from the input that is kept.
  template <class Body>
  constexpr void with_output(kept_type const& kept, Body const& body) const {
    kept.input.visit([&]<class Form>(Form const& form) {
      if constexpr (Form::restores) { body(kernels::element_function_output<Function, Width, T, Form>{form}); }
    });
  }

 private:
  template <class Context, class Form>
  static constexpr void launch_forward(Context& run, index_t rows, T const* input, T* output, Form const& form) {
    run.launch(rows, kernels::element_function_forward<Function, Width, T, Form>{input, output, form});
  }
};

}  // namespace slimfit
