// SPDX-License-Identifier: MIT
// The feed-forward half of a transformer block without its normalisation: linear, activation, linear, plus a residual.
// It runs on parts of a batch, so the wide intermediate exists for one part unless a policy keeps it dense.
#pragma once

#include <slimfit/kernels/activation.hpp>
#include <slimfit/layers/residual_linear.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam Policy     gives `linear_input` and `wide_linear_input` (stashes of the two linears' inputs) and `gelu` (the
///                    activation's)
/// @tparam Dropout    `dropout_rates`
/// @tparam Scaled     whether a LayerScale follows the last linear
/// @tparam Activation the function between the two
template <int Hidden, int Width, class Policy, scalar T, class Dropout = no_dropout, bool Scaled = false,
          activation_function Activation = activation::gelu>
class mlp : public whole_batch<mlp<Hidden, Width, Policy, T, Dropout, Scaled, Activation>, T> {
  static_assert(!Scaled || std::is_same_v<Dropout, no_dropout>,
                "slimfit: mlp: with a LayerScale there is no dropout; use no_dropout");

 public:
  using value_type = T;
  /// Whether the input is made again from what the normalisation before it keeps.
  static constexpr bool rebuilds_input = std::is_same_v<typename Policy::linear_input, stash::rebuilt>;
  static constexpr char const* norm_name = "MLP's LayerNorm";  ///< of the normalisation before it, in records
  using activation_stash = stash::when_training<stash::stash_for_activation<typename Policy::gelu, Activation>>;
  using first_type = projections<Hidden, Width, typename Policy::linear_input, T>;
  using second_type =
      residual_linear<Width, Hidden, typename Policy::wide_linear_input, T, typename Dropout::hidden, Scaled>;
  /// Whether the second linear's input is rebuilt from what the activation keeps.
  static constexpr bool rebuilds = std::is_same_v<typename Policy::wide_linear_input, stash::rebuilt>;
  using whole_batch<mlp, T>::forward;
  using whole_batch<mlp, T>::backward;

  struct kept_type {
    typename first_type::kept_type input;
    typename activation_stash::template kept<T, Width> activation;
    typename second_type::kept_type hidden;

    [[nodiscard]] constexpr sequence_batch const& batch() const { return hidden.batch; }
    [[nodiscard]] constexpr kept_type part(index_t first, index_t count) const {
      index_t const row = batch().first(first);
      return {input.rows_from(row), activation.rows_from(row), hidden.part(first, count)};
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
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visit(visitor, name + ".first", name + ".second", name + ".scale");
  }

  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch) const {
    index_t const rows = batch.rows();
    kept_type kept;
    kept.input = first_.keep(run, rows, "MLP's input");
    kept.activation =
        run.template keep<activation_stash, T, Width>(rows, {.name = Activation::name}, activation_place());
    kept.hidden = second_.keep(run, batch, "input of MLP's second linear");
    return kept;
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    second_.release(run, kept.hidden);
    activation_stash::release(run.memory, kept.activation);
    first_.release(run, kept.input);
  }

  /// The residual may be the output or the input.
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    auto const range = run.range("MLP");
    index_t const rows = kept.batch().rows();
    first_.save_input(run, kept.input, in.input, rows);
    output_target<T> const before(run, kept.activation, rows * Width);
    // The activation runs in place unless its input stays on the tape.
    bool const in_place =
        !output_target<T>::is_dense(kept.activation) && !output_target<T>::is_dense(kept.hidden.input);
    output_target<T> const separate(run, kept.hidden.input, in_place ? 0 : rows * Width);
    T* const hidden = in_place ? before.data() : separate.data();
    first_.apply(run, in.input, rows, {.output = before.data(), .adds_bias = false});
    save_counted(run, kept.activation, rows, activation_place(), [&](auto const& form) {
      save_counted(run, kept.hidden.input, rows, second_.projection().input_place(), [&](auto const& hidden_form) {
        using kernel = kernels::activation_forward<Activation, Width, T, std::remove_cvref_t<decltype(form)>,
                                                   std::remove_cvref_t<decltype(hidden_form)>>;
        run.launch(rows, kernel{before.data(), first_.bias().data, hidden, form, hidden_form});
      });
    });
    second_.forward_saved(run, kept.batch(), {.input = hidden, .residual = in.residual}, out);
  }

  template <class Updates>
  struct gradients {
    typename first_type::template gradients<Updates> first;
    typename second_type::template gradients<Updates> second;

    template <class Context>
    constexpr gradients(Context& run, mlp const& layer) : first(run, layer.first_), second(run, layer.second_) {}
    template <class Context>
    constexpr void finish(Context& run, mlp const& layer) {
      first.finish();
      second.finish(run, layer.second_);
    }
    /// From now on the partial sums of biases are added up with others; `waiting_numbers` says what they take.
    constexpr void wait_in(waiting_sums<T>* waiting) {
      first.waiting = waiting;
      second.waiting = waiting;
    }
    template <class Context>
    [[nodiscard]] constexpr index_t waiting_numbers(Context const& run, sequence_batch const& batch,
                                                    live_rows /*live*/) {
      return first.waiting_numbers_of_pass(run, batch.rows()) + second.waiting_numbers_of_pass(run, batch.rows());
    }
  };

  /// The input's gradient may be the output's, or null.
  template <class Context, class Updates, class Source = kept_input>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T, Source> const& above,
                          backward_results<T> const& below, gradients<Updates>& sums) const {
    auto const range = run.range("MLP");
    index_t const rows = kept.batch().rows();
    auto const hidden_gradient = run.template scratch<T>(rows * Width);
    if constexpr (rebuilds) {
      using source = decltype(kept.activation);
      second_.backward(run, kept.hidden, backward_operands<T, source>{above.output_gradient, kept.activation},
                       {.input_gradient = hidden_gradient.data()}, sums.second);
    } else {
      second_.backward(run, kept.hidden, {.output_gradient = above.output_gradient},
                       {.input_gradient = hidden_gradient.data()}, sums.second);
    }
    backward_of_activation(run, kept, hidden_gradient.data(), sums);
    first_.apply_transpose(run, hidden_gradient.data(), rows, below.input_gradient, below.mode);
    if constexpr (std::same_as<Source, kept_input>) {
      first_.add_weight_gradients(run, kept.input, {hidden_gradient.data()}, rows, sums.first);
    } else {
      first_.add_weight_gradients(run, above.input, {hidden_gradient.data()}, rows, sums.first);
    }
  }

 private:
  /// In place, and the gradient of the bias before the activation.
  template <class Context, class Updates>
  constexpr void backward_of_activation(Context& run, kept_type const& kept, T* gradient,
                                        gradients<Updates>& sums) const {
    index_t const rows = kept.batch().rows();
    auto const blocks = bias_blocks<Width>(run, rows);
    auto bias_sums = sums.first.sums_of_bias(run, most_bias_blocks<Width>(run, rows));
    bias_sums.shrink(blocks.count());
    kept.activation.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (stash::activation_view<form_type>) {
        if (sums.first.wants_bias()) {
          kernels::activation_backward_sums<Width, T, form_type> const kernel{form, gradient, gradient, blocks,
                                                                              bias_sums.data()};
          run.launch(kernel.launches(), kernel);
        } else {
          run.launch(rows, kernels::activation_backward<Width, T, form_type>{form, gradient, gradient});
        }
      }
    });
    first_.add_bias_gradient(run, bias_sums, sums.first);
  }
  [[nodiscard]] constexpr matrix_place activation_place() const { return first_.output_place(layer_matrix::gelu); }

  first_type first_;
  second_type second_;
};

}  // namespace slimfit
