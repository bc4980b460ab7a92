// SPDX-License-Identifier: MIT
// Classification from the class token, as ViT does it: final normalisation and a linear classifier.
#pragma once

#include <slimfit/layers/first_token_norm.hpp>
#include <slimfit/layers/linear.hpp>

namespace slimfit {

/// @tparam Policy gives `norm`, `head_input`, `normalizes_all_rows` and `classifier_kind`
template <int Hidden, int Classes, class Policy, scalar T>
class class_token_head {
 public:
  using value_type = T;
  using norm_type = first_token_norm<Hidden, Policy, T>;
  using classifier_type = linear<Hidden, Classes, typename Policy::head_input, T>;

  struct kept_type {
    typename norm_type::kept_type norm;
    typename classifier_type::kept_type input;
  };

  constexpr class_token_head() : norm_(parameter_kind::always_active), classifier_(Policy::classifier_kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& norm, Name const& classifier) {
    norm_.visit(visitor, norm);
    classifier_.visit(visitor, classifier);
  }

  constexpr void set_norm_epsilon(double epsilon) { norm_.set_norm_epsilon(epsilon); }

  /// Overwrites the output, logits (sequences x Classes), from the stream (all rows).
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, forward_operands<T> const& in,
                                            forward_results<T> const& out) const {
    detail::require_no_residual("class_token_head", in);
    auto const range = run.range("head");
    auto const first_rows = run.template scratch<T>(batch.count() * Hidden);
    kept_type kept;
    kept.norm = norm_.forward(run, batch, in, {.output = first_rows.data()});
    kept.input = classifier_.keep(run, batch.first_tokens(), "classifier's input");
    classifier_.forward(run, kept.input, {.input = first_rows.data()}, out);
    return kept;
  }

  /// Overwrites the stream's gradient (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T> const& above,
                          backward_results<T> const& below) const {
    detail::require_overwritten_gradient(run, "class_token_head", below);
    auto const range = run.range("head");
    auto const first_gradient = run.template scratch<T>(kept.norm.batch.count() * Hidden);
    norm_.with_first_rows(run, kept.norm, kept_input{}, [&](auto const& input) {
      typename classifier_type::template gradients<typename Context::updates_type> sums(run, classifier_);
      using source_type = std::remove_cvref_t<decltype(input)>;
      classifier_.backward(run, kept.input, backward_operands<T, source_type>{above.output_gradient, input},
                           {.input_gradient = first_gradient.data()}, sums);
      sums.finish(run, classifier_);
    });
    classifier_.release(run, kept.input);
    norm_.backward(run, kept.norm, {.output_gradient = first_gradient.data()}, below);
  }

 private:
  norm_type norm_;
  classifier_type classifier_;
};

}  // namespace slimfit
