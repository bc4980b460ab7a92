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

  /// Overwrites `logits` (sequences x Classes).
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* stream, sequence_batch const& batch,
                                            T* logits) const {
    auto const range = run.range("head");
    index_t const sequences = batch.count();
    auto const first_rows = run.template scratch<T>(sequences * Hidden);
    kept_type kept;
    kept.norm = norm_.forward(run, stream, batch, first_rows.data());
    kept.input = classifier_.keep(run, sequences, "classifier's input");
    classifier_.save_input(run, kept.input, first_rows.data(), sequences);
    classifier_.apply(run, first_rows.data(), sequences, logits);
    return kept;
  }

  /// Overwrites `stream_gradient` (all rows).
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* logit_gradient, sequence_batch const& batch,
                          T* stream_gradient) const {
    auto const range = run.range("head");
    index_t const sequences = batch.count();
    auto const first_gradient = run.template scratch<T>(sequences * Hidden);
    norm_.with_first_rows(run, kept.norm, kept.input, batch, [&](auto const& input) {
      classifier_.backward_from(run, input, logit_gradient, sequences, first_gradient.data());
    });
    classifier_.release(run, kept.input);
    norm_.backward(run, kept.norm, first_gradient.data(), batch, stream_gradient);
  }

 private:
  norm_type norm_;
  classifier_type classifier_;
};

}  // namespace slimfit
