// SPDX-License-Identifier: MIT
// Classification from the class token: final normalisation and a linear classifier. Only the first row of each sequence
// matters; eager frameworks normalise and keep all rows, which the policy can ask for to compare with them.
#pragma once

#include <slimfit/kernels/token_rows.hpp>
#include <slimfit/layers/counting_context.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/layers/target.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `head_input`, `normalizes_all_rows` and `classifier_kind`
template <int Hidden, int Classes, class Policy, scalar T>
class class_token_head {
 public:
  using norm_type = layer_norm<Hidden, typename Policy::norm, T>;
  using classifier_type = linear<Hidden, Classes, typename Policy::head_input, T>;
  static constexpr bool all_rows = Policy::normalizes_all_rows;

  struct kept_type {
    typename norm_type::kept_type norm;
    kept_array<T> normalized{};  ///< all rows, where the policy keeps them
    typename classifier_type::kept_type input;
  };

  constexpr class_token_head() : norm_(parameter_kind::always_active), classifier_(Policy::classifier_kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& classifier) {
    norm_.visit(visitor, norm);
    classifier_.visit(visitor, classifier);
  }

  /// Overwrites `logits` (sequences x Classes).
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* stream, index_t sequences, index_t tokens,
                                            T* logits) const {
    kept_type kept;
    index_t const rows = all_rows ? sequences * tokens : sequences;
    kept.norm = norm_.keep(run, rows);
    if (all_rows && run.training) {
      kept.normalized = run.memory.template keep<T>(rows * Hidden, category::static_activations);
    }
    kept.input = classifier_.keep(run, sequences);
    auto const class_rows = run.template scratch<T>(sequences * Hidden);
    if constexpr (all_rows) {
      auto const unkept = run.template scratch<T>(run.training ? 0 : rows * Hidden);
      T* const normalized = run.training ? kept.normalized.data : unkept.data();
      norm_.apply(run, stream, kept.norm, rows, normalized);
      run.launch(sequences, kernels::gather_rows<Hidden, T>{normalized, tokens, class_rows.data()});
    } else {
      auto const gathered = run.template scratch<T>(sequences * Hidden);
      run.launch(sequences, kernels::gather_rows<Hidden, T>{stream, tokens, gathered.data()});
      norm_.apply(run, gathered.data(), kept.norm, rows, class_rows.data());
    }
    if constexpr (!all_rows) { classifier_.save_input(run, kept.input, class_rows.data(), sequences); }
    classifier_.apply(run, class_rows.data(), sequences, logits);
    return kept;
  }

  /// Overwrites `stream_gradient` (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* logit_gradient, index_t sequences,
                          index_t tokens, T* stream_gradient) const {
    auto const class_gradient = run.template scratch<T>(sequences * Hidden);
    if constexpr (all_rows) {
      auto const class_rows = run.template scratch<T>(sequences * Hidden);
      run.launch(sequences, kernels::gather_rows<Hidden, T>{kept.normalized.data, tokens, class_rows.data()});
      using rows_view = stash::dense::kept<T, Hidden>;
      classifier_.backward_from(run, rows_view::adopt(class_rows.data()), logit_gradient, sequences,
                                class_gradient.data());
    } else {
      classifier_.backward(run, kept.input, logit_gradient, sequences, class_gradient.data());
    }
    typename norm_type::template gradients<typename Context::updates_type> sums(run, norm_);
    index_t const rows = sequences * tokens;
    if constexpr (all_rows) {
      run.memory.release(kept.normalized);
      auto const spread = run.template scratch<T>(rows * Hidden);
      run.launch(rows, kernels::scatter_rows<Hidden, T>{class_gradient.data(), tokens, spread.data()});
      norm_.apply_backward(run, kept.norm, spread.data(), rows, stream_gradient, update_mode::overwrite, sums,
                           update_mode::overwrite);
    } else {
      auto const gathered = run.template scratch<T>(sequences * Hidden);
      norm_.apply_backward(run, kept.norm, class_gradient.data(), sequences, gathered.data(), update_mode::overwrite,
                           sums, update_mode::overwrite);
      run.launch(rows, kernels::scatter_rows<Hidden, T>{gathered.data(), tokens, stream_gradient});
    }
    sums.finish();
    norm_.release(run, kept.norm);
  }

  /// See encoder::unit_costs.
  constexpr void unit_costs(index_t sequences, index_t tokens, index_t* costs) const {
    int const unit = classifier_.weight().unit;
    if (unit == no_unit) { return; }
    auto const stored = [&](active_set const& active) {
      return stored_bytes(active,
                          [&](counting_context& run) { (void)forward(run, nullptr, sequences, tokens, nullptr); });
    };
    active_set only;
    only.set(unit);
    costs[unit] = stored(only) - stored(active_set::none());
  }

 private:
  norm_type norm_;
  classifier_type classifier_;
};

}  // namespace slimfit
