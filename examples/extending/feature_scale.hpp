// SPDX-License-Identifier: MIT
// A layer of one's own: each feature times a trained factor, y = x * w. Its input is kept as `Stash` says.
#pragma once
#include <slimfit/slimfit.hpp>

#include "times_rows.hpp"

template <int Width, class Stash, slimfit::scalar T>
struct feature_scale {
  using kept_type = typename Stash::template kept<T, Width>;
  slimfit::parameter<T> weight = slimfit::make_parameter<T>(slimfit::parameter_kind::unit, Width);

  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T* values, slimfit::index_t rows) const {
    auto const kept = run.template keep<Stash, T, Width>(
        rows, {.name = "scale's input", .purpose = slimfit::category::dynamic_activations, .units = {weight.unit}},
        slimfit::matrix_place{weight.position});
    kept.visit([&]<class Form>(Form const& form) {  // nothing is kept while the weight is frozen, or for inference
      if constexpr (Form::restores) { run.launch(rows, slimfit::kernels::save_rows<Width, T, Form>{values, form}); }
    });
    run.launch(rows, times_rows<Width, T>{values, weight.data, 0, values});
    return kept;
  }
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T* gradient, slimfit::index_t rows) const {
    slimfit::gradient weight_gradient(run, weight);
    kept.visit([&]<class Form>(Form const& form) {
      if constexpr (Form::restores) {
        auto const x = run.template scratch<T>(rows * Width);
        run.launch(rows, slimfit::kernels::restore_rows<Width, T, Form>{form, x.data()});
        run.launch(rows, times_rows<Width, T>{x.data(), gradient, Width, x.data()});
        slimfit::add_bias_gradient<Width>(run, x.data(), rows, weight_gradient.data(), slimfit::update_mode::overwrite);
      }
    });
    run.launch(rows, times_rows<Width, T>{gradient, weight.data, 0, gradient});
    weight_gradient.finish();  // the optimizer may change the weight now: after its last use
    Stash::release(run.memory, kept);
  }
};
