// SPDX-License-Identifier: MIT
// Layer normalisation (Ba et al. 2016): y = (x - mean) / sqrt(variance + epsilon) * weight + bias over each row. Its
// input or the normalised rows are needed in the backward pass whether or not the weight is frozen: a static
// activation.
#pragma once

#include <slimfit/kernels/layer_norm.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/saturation.hpp>
#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>

namespace slimfit {

/// @tparam Stash what is kept: `stash::layer_norm_input<...>`, `stash::layer_norm_normalized<...>`, or `by_state` of
/// both
template <int Width, class Stash, scalar T>
class layer_norm {
 public:
  using stash_type = stash::when_training<Stash>;
  using kept_type = typename stash_type::template kept<T, Width>;
  using value_type = T;

  constexpr explicit layer_norm(parameter_kind weight_kind = parameter_kind::unit, double epsilon = 1e-12)
      : weight_(make_parameter<T>(weight_kind, Width)),
        bias_(make_parameter<T>(parameter_kind::bias, Width)),
        epsilon_(epsilon) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visitor(weight_, name + ".weight");
    visitor(bias_, name + ".bias");
  }
  /// To be called before anything is run.
  constexpr void set_epsilon(double epsilon) { epsilon_ = epsilon; }
  [[nodiscard]] constexpr parameter<T> const& weight() const { return weight_; }
  [[nodiscard]] constexpr parameter<T> const& bias() const { return bias_; }

  /// Makes room for what is kept of all `rows` rows of `input`, and saves what depends on all of them at once: which
  /// values are the largest. The rest is saved by `apply`, to which the same rows may be given in parts.
  /// @param name for records of memory
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, T const* input, index_t rows,
                                         char const* name = "LayerNorm") const {
    auto const kept = run.template keep<stash_type, T, Width>(rows, {.name = name, .units = {weight_.unit}}, place());
    save_matrix(run, input, kept, rows);
    return kept;
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    stash_type::release(run.memory, kept);
  }

  /// Overwrites `output`; saves what `kept` has room for.
  template <class Context>
  constexpr void apply(Context& run, T const* input, kept_type const& kept, index_t rows, T* output) const {
    save_counted(run, kept, rows, place(), [&](auto const& form) {
      run.launch(rows, kernels::layer_norm_forward<Width, T, std::remove_cvref_t<decltype(form)>>{
                           input, weight_.data, bias_.data, output, static_cast<compute_type<T>>(epsilon_), form});
    });
  }

  /// Gradients of weight and bias while rows are being processed.
  template <class Updates>
  struct gradients {
    gradient<T, Updates> weight;
    gradient<T, Updates> bias;

    template <class Context>
    constexpr gradients(Context& run, layer_norm const& layer) : weight(run, layer.weight_), bias(run, layer.bias_) {}
    constexpr void finish() {
      bias.finish();
      weight.finish();
    }
  };

  /// `input_gradient (+)= ...` for `rows` rows, and adds to `sums`.
  template <class Context, class Updates>
  constexpr void apply_backward(Context& run, kept_type const& kept, T const* output_gradient, index_t rows,
                                T* input_gradient, update_mode input_mode, gradients<Updates>& sums,
                                update_mode sum_mode) const {
    bool const wanted = sums.weight.wanted() || sums.bias.wanted();
    index_t const blocks = kernels::row_block_count(rows);
    auto const weight_sums = run.template scratch<compute_type<T>>(wanted ? blocks * Width : 0);
    auto const bias_sums = run.template scratch<compute_type<T>>(wanted ? blocks * Width : 0);
    auto const launch = [&](auto const& form, auto gradients_wanted) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      using kernel = kernels::layer_norm_backward<Width, T, form_type, decltype(gradients_wanted)::value>;
      run.launch(kernel::launches(rows),
                 kernel{form, output_gradient, weight_.data, input_gradient, static_cast<compute_type<T>>(epsilon_),
                        rows, input_mode, weight_sums.data(), bias_sums.data()});
    };
    kept.visit([&](auto const& form) {
      using kernels::parameter_gradients;
      if constexpr (!std::remove_cvref_t<decltype(form)>::restores) {
        throw usage_error("slimfit: layer_norm: nothing was kept for the backward pass");
      } else if (wanted) {
        launch(form, std::integral_constant<parameter_gradients, parameter_gradients::all>{});
      } else {
        launch(form, std::integral_constant<parameter_gradients, parameter_gradients::none>{});
      }
    });
    if (sums.weight.wanted()) {
      run.launch(kernels::slice_count(Width), kernels::sum_rows<Width, compute_type<T>, T>{
                                                  weight_sums.data(), blocks, sums.weight.data(), sum_mode});
    }
    if (sums.bias.wanted()) {
      run.launch(kernels::slice_count(Width),
                 kernels::sum_rows<Width, compute_type<T>, T>{bias_sums.data(), blocks, sums.bias.data(), sum_mode});
    }
  }

  /// Calls `body` with a source of the rows of the output, rebuilt from what is kept of the input.
  template <class Body>
  constexpr void with_output(kept_type const& kept, Body const& body) const {
    kept.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (form_type::restores) {
        body(stash::layer_norm_output<Width, T, form_type>{form, weight_.data, bias_.data,
                                                           static_cast<compute_type<T>>(epsilon_)});
      }
    });
  }

  /// The whole forward pass, for use outside a block. @return what `backward` needs
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* input, index_t rows, T* output) const {
    auto const kept = keep(run, input, rows);
    apply(run, input, kept, rows, output);
    return kept;
  }
  /// Overwrites `input_gradient`; hands the gradients of weight and bias to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* output_gradient, index_t rows,
                          T* input_gradient) const {
    {
      gradients<typename Context::updates_type> sums(run, *this);
      apply_backward(run, kept, output_gradient, rows, input_gradient, update_mode::overwrite, sums,
                     update_mode::overwrite);
      sums.finish();
    }
    release(run, kept);
  }

 private:
  /// The normalised rows.
  [[nodiscard]] constexpr matrix_place place() const { return {weight_.position, layer_matrix::normalized}; }
  /// For stashes that keep the rows as a whole.
  template <class Context>
  constexpr void save_matrix([[maybe_unused]] Context& run, [[maybe_unused]] T const* input,
                             [[maybe_unused]] kept_type const& kept, [[maybe_unused]] index_t rows) const {
    if constexpr (stash::saves_matrix<kept_type>) {
      using statistics_type = stash::row_statistics<compute_type<T>>;
      // As much memory in every state of the unit, as in save_counted.
      auto const statistics = run.template scratch<statistics_type>(run.training ? rows : 0);
      auto const workspace = run.template scratch<index_t>(run.training ? kept_type::workspace_numbers(rows) : 0);
      kept.visit([&](auto const& form) {
        if constexpr (stash::saves_matrix<std::remove_cvref_t<decltype(form)>>) {
          run.launch(rows, kernels::layer_norm_statistics<Width, T>{input, static_cast<compute_type<T>>(epsilon_),
                                                                    statistics.data()});
          form.save_matrix(run, stash::normalized_rows<Width, T>{input, statistics.data()}, rows, workspace.data());
        }
      });
    }
  }

  parameter<T> weight_;
  parameter<T> bias_;
  double epsilon_;
};

}  // namespace slimfit
