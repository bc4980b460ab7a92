// SPDX-License-Identifier: MIT
// The feed-forward half of a transformer block without its normalisation: linear, GELU, linear, plus a residual. It
// runs on chunks of rows, so the wide intermediate exists for one chunk unless a policy keeps it dense.
#pragma once

#include <slimfit/kernels/gelu.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/layers/residual_linear.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/stash/gelu_stash.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam Dropout `dropout_rates`
/// @tparam Scaled whether a LayerScale follows the last linear
/// @tparam Policy gives `linear_input` and `wide_linear_input` (stashes of the two linears' inputs) and `gelu`
template <int Hidden, int Width, class Policy, scalar T, class Dropout = no_dropout, bool Scaled = false>
class mlp {
  static_assert(!Scaled || std::is_same_v<Dropout, no_dropout>,
                "slimfit: mlp: with a LayerScale there is no dropout; use no_dropout");

 public:
  using gelu_stash = stash::when_training<typename Policy::gelu>;
  using first_type = linear<Hidden, Width, typename Policy::linear_input, T>;
  using second_type =
      residual_linear<Width, Hidden, typename Policy::wide_linear_input, T, typename Dropout::hidden, Scaled>;
  /// Whether the second linear's input is rebuilt from what GELU keeps.
  static constexpr bool rebuilds = std::is_same_v<typename Policy::wide_linear_input, stash::rebuilt>;

  struct kept_type {
    typename first_type::kept_type input;
    typename gelu_stash::template kept<T, Width> gelu;
    typename second_type::kept_type hidden;

    [[nodiscard]] constexpr kept_type rows_from(index_t row) const {
      return {input.rows_from(row), gelu.rows_from(row), hidden.rows_from(row)};
    }
  };

  /// @param scale of the LayerScale, where there is one
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& first, Name const& second, Name const& scale) {
    first_.visit(visitor, first);
    second_.visit(visitor, second);
    second_.visit_scale(visitor, scale);
  }
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& first, Name const& second) {
    visit(visitor, first, second, second);
  }

  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, index_t rows) const {
    kept_type kept;
    kept.input = first_.keep(run, rows, "MLP's input");
    kept.gelu = run.template keep<gelu_stash, T, Width>(rows, {.name = "GELU"}, gelu_place());
    kept.hidden = second_.keep(run, rows, "input of MLP's second linear");
    return kept;
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    second_.release(run, kept.hidden);
    gelu_stash::release(run.memory, kept.gelu);
    first_.release(run, kept.input);
  }

  /// `output = residual + mlp(input)`. `residual` may be `output` or `input`.
  /// @param numbers of the rows in the batch
  template <class Context>
  constexpr void apply(Context& run, T const* input, kept_type const& kept, row_numbers const& numbers, index_t rows,
                       T const* residual, T* output) const {
    auto const range = run.range("MLP");
    first_.save_input(run, kept.input, input, rows);
    output_target<T> const before(run, kept.gelu, rows * Width);
    // GELU runs in place unless its input stays on the tape.
    bool const in_place = !output_target<T>::is_dense(kept.gelu) && !output_target<T>::is_dense(kept.hidden);
    output_target<T> const separate(run, kept.hidden, in_place ? 0 : rows * Width);
    T* const hidden = in_place ? before.data() : separate.data();
    first_.apply_weight(run, input, rows, before.data(), update_mode::overwrite);
    save_counted(run, kept.gelu, rows, gelu_place(), [&](auto const& gelu_form) {
      save_counted(run, kept.hidden, rows, second_.input_place(), [&](auto const& hidden_form) {
        using kernel = kernels::gelu_forward<Width, T, std::remove_cvref_t<decltype(gelu_form)>,
                                             std::remove_cvref_t<decltype(hidden_form)>>;
        run.launch(rows, kernel{before.data(), first_.bias().data, hidden, gelu_form, hidden_form});
      });
    });
    second_.add_to(run, hidden, numbers, rows, residual, output);
  }

  template <class Updates>
  struct gradients {
    gradient_list<T, Updates> first_weight;
    gradient_list<T, Updates> first_bias;
    gradient_list<T, Updates> second_weight;
    gradient_list<T, Updates> second_bias;

    template <class Context>
    constexpr gradients(Context& run, mlp const& layer)
        : first_weight(run, layer.first_.weight()),
          first_bias(run, layer.first_.bias()),
          second_weight(run, layer.second_.weight()),
          second_bias(run, layer.second_.bias()) {}
    template <class Context>
    constexpr void finish(Context& run, mlp const& layer) {
      layer.second_.finish_scale(run, second_weight[0], second_bias[0]);
      first_weight[0].finish();
      first_bias[0].finish();
      second_weight[0].finish();
      second_bias[0].finish();
    }
  };

  /// `input_gradient (+)= ...`, and adds to `sums`. `input` yields the rows that `apply` was given; `input_gradient`
  /// may be `output_gradient`.
  template <class Context, class Source, class Updates>
  constexpr void apply_backward(Context& run, Source const& input, kept_type const& kept, T const* output_gradient,
                                row_numbers const& numbers, index_t rows, T* input_gradient, update_mode input_mode,
                                gradients<Updates>& sums, update_mode sum_mode) const {
    auto const range = run.range("MLP");
    typename second_type::template upstream<Context> const upstream(run, second_, output_gradient, numbers, rows);
    auto const hidden_gradient = run.template scratch<T>(rows * Width);
    second_.apply_transpose(run, upstream.below(), rows, hidden_gradient.data(), update_mode::overwrite);
    T const* const second_gradients[1]{upstream.own()};
    if constexpr (rebuilds) {
      second_.add_gradients(run, kept.gelu, second_gradients, rows, sums.second_weight, sums.second_bias, sum_mode);
    } else {
      second_.add_gradients(run, kept.hidden, second_gradients, rows, sums.second_weight, sums.second_bias, sum_mode);
    }
    kept.gelu.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (stash::gelu_view<form_type>) {
        run.launch(rows,
                   kernels::gelu_backward<Width, T, form_type>{form, hidden_gradient.data(), hidden_gradient.data()});
      }
    });
    first_.apply_transpose(run, hidden_gradient.data(), rows, input_gradient, input_mode);
    T const* const first_gradients[1]{hidden_gradient.data()};
    first_.add_gradients(run, input, first_gradients, rows, sums.first_weight, sums.first_bias, sum_mode);
  }

 private:
  [[nodiscard]] constexpr matrix_place gelu_place() const { return first_.output_place(layer_matrix::gelu); }

  first_type first_;
  second_type second_;
};

}  // namespace slimfit
