// SPDX-License-Identifier: MIT
// Layer normalisation (Ba et al. 2016): y = (x - mean) / sqrt(variance + epsilon) * weight + bias over each row. Its
// input or the normalised rows are needed in the backward pass whether or not the weight is frozen: a static
// activation.
#pragma once

#include <slimfit/kernels/layer_norm.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/kept_rows.hpp>
#include <slimfit/pass/saturation.hpp>
#include <slimfit/pass/waiting_sums.hpp>
#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>

namespace slimfit {

/// @tparam Stash what is kept: `stash::layer_norm_input<...>`, `stash::layer_norm_normalized<...>`, or `by_state` of
/// both
template <int Width, class Stash, scalar T>
class layer_norm : public whole_batch<layer_norm<Width, Stash, T>, T> {
 public:
  using stash_type = stash::when_training<Stash>;
  using value_type = T;
  static constexpr int width = Width;
  using whole_batch<layer_norm, T>::forward;
  using whole_batch<layer_norm, T>::backward;

  using kept_type = kept_rows<stash_type, T, Width>;

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

  /// Makes room for what is kept of all rows. @param name for records of memory
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                         char const* name = "LayerNorm") const {
    return {run.template keep<stash_type, T, Width>(batch.rows(), {.name = name, .units = {weight_.unit}}, place()),
            batch};
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    stash_type::release(run.memory, kept.input);
  }

  /// Saves what depends on all rows at once: which values of a matrix are the largest. To be called with all rows
  /// before `forward` gets them, in parts or not.
  template <class Context>
  constexpr void save_whole([[maybe_unused]] Context& run, [[maybe_unused]] kept_type const& kept,
                            [[maybe_unused]] forward_operands<T> const& in) const {
    using form_of_all = typename stash_type::template kept<T, Width>;
    if constexpr (stash::saves_matrix<form_of_all>) {
      index_t const rows = kept.batch.rows();
      // As much memory in every state of the unit, as in save_counted.
      auto const statistics = run.template scratch<stash::row_statistics<compute_type<T>>>(run.training ? rows : 0);
      auto const workspace = run.template scratch<index_t>(run.training ? form_of_all::workspace_numbers(rows) : 0);
      kept.input.visit([&](auto const& form) {
        if constexpr (stash::saves_matrix<std::remove_cvref_t<decltype(form)>>) {
          run.launch(rows, kernels::layer_norm_statistics<Width, T>{in.input, static_cast<compute_type<T>>(epsilon_),
                                                                    statistics.data()});
          form.save_matrix(run, stash::normalized_rows<Width, T>{in.input, statistics.data()}, rows, workspace.data());
        }
      });
    }
  }

  /// Overwrites the output, which may be the input; saves what there is room for.
  /// @throws usage_error for a residual: a normalisation adds none
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    detail::require_no_residual("layer_norm", in);
    index_t const rows = kept.batch.rows();
    save_counted(run, kept.input, rows, place(), [&](auto const& form) {
      run.launch(rows,
                 kernels::layer_norm_forward<Width, T, std::remove_cvref_t<decltype(form)>>{
                     in.input, weight_.data, bias_.data, out.output, static_cast<compute_type<T>>(epsilon_), form});
    });
  }

  /// Gradients of weight and bias while rows are being processed.
  template <class Updates>
  struct gradients {
    gradient<T, Updates> weight;
    gradient<T, Updates> bias;
    update_mode mode = update_mode::overwrite;  ///< of the next rows
    /// What the next rows' sums are added up with, and finished with; null: nothing.
    waiting_sums<T>* waiting = nullptr;

    template <class Context>
    constexpr gradients(Context& run, layer_norm const& layer) : weight(run, layer.weight_), bias(run, layer.bias_) {}
    template <class Context>
    constexpr void finish(Context& /*run*/, layer_norm const& /*layer*/) {
      bias.finish_soon();
      weight.finish_soon();
    }
    constexpr void wait_in(waiting_sums<T>* others) { waiting = others; }
  };

  /// The input's gradient may be the output's. @throws usage_error where it is null
  template <class Context, class Updates>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below, gradients<Updates>& sums) const {
    detail::require_input_gradient(run, "layer_norm", below);
    index_t const rows = kept.batch.rows();
    bool const wanted = sums.weight.wanted() || sums.bias.wanted();
    auto const blocks = kernels::blocks_for<typename Context::device_type>(rows, 1);
    index_t const most = wanted ? kernels::most_blocks_for<typename Context::device_type>(rows, 1) : 0;
    auto const weight_sums = run.template scratch<compute_type<T>>(most * Width);
    auto const bias_sums = run.template scratch<compute_type<T>>(most * Width);
    auto const launch = [&](auto const& form, auto gradients_wanted) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      using kernel_type = kernels::layer_norm_backward<Width, T, form_type, decltype(gradients_wanted)::value>;
      kernel_type const kernel{form,
                               above.output_gradient,
                               weight_.data,
                               below.input_gradient,
                               static_cast<compute_type<T>>(epsilon_),
                               blocks,
                               below.mode,
                               weight_sums.data(),
                               bias_sums.data()};
      run.launch(kernel.launches(), kernel);
    };
    kept.input.visit([&](auto const& form) {
      using kernels::parameter_gradients;
      if constexpr (!std::remove_cvref_t<decltype(form)>::restores) {
        throw usage_error("slimfit: layer_norm: nothing was kept for the backward pass");
      } else if (sums.weight.wanted()) {
        launch(form, std::integral_constant<parameter_gradients, parameter_gradients::all>{});
      } else if (wanted) {
        launch(form, std::integral_constant<parameter_gradients, parameter_gradients::shift>{});
      } else {
        launch(form, std::integral_constant<parameter_gradients, parameter_gradients::none>{});
      }
    });
    waiting_sums<T> own(nullptr, 0);
    auto& waiting = sums.waiting != nullptr ? *sums.waiting : own;
    auto const add = [&](gradient<T, Updates>& sum, compute_type<T> const* of_blocks) {
      if (sum.wanted()) { waiting.add(run, {of_blocks, blocks.count(), Width, sum.data(), sums.mode}); }
    };
    add(sums.weight, weight_sums.data());
    add(sums.bias, bias_sums.data());
    waiting.finish(run);
    sums.mode = update_mode::accumulate;
  }

  /// Calls `body` with a source of the rows of the output, rebuilt from what is kept of the input.
  template <class Body>
  constexpr void with_output(kept_type const& kept, Body const& body) const {
    kept.input.visit([&](auto const& form) {
      using form_type = std::remove_cvref_t<decltype(form)>;
      if constexpr (form_type::restores) {
        body(stash::layer_norm_output<Width, T, form_type>{form, weight_.data, bias_.data,
                                                           static_cast<compute_type<T>>(epsilon_)});
      }
    });
  }

 private:
  /// The normalised rows.
  [[nodiscard]] constexpr matrix_place place() const { return {weight_.position, layer_matrix::normalized}; }
  parameter<T> weight_;
  parameter<T> bias_;
  double epsilon_;
};

}  // namespace slimfit
