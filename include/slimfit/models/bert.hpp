// SPDX-License-Identifier: MIT
// BERT as a model with weights, and the sizes people know by name.
#pragma once

#include <slimfit/models/bert_network.hpp>
#include <slimfit/models/model.hpp>

namespace slimfit {

/// @tparam Policy what is kept, frozen and when: see policy/presets.hpp
/// @tparam Device a backend, e.g. `host`
/// @tparam T      its numbers: float, double or bf16
template <bert_shape Shape, class Policy, class Device, class T = float>
class bert : private detail::checked_model<Policy, Device, T>,
             public model<bert_network<Shape, Policy, typename detail::scalar_or_float<T>::type>, Device> {
  using base = model<bert_network<Shape, Policy, typename detail::scalar_or_float<T>::type>, Device>;

 public:
  static constexpr bert_shape shape = Shape;
  /// The same under another policy, whose weights lie in memory alike.
  template <class Other>
  using with_policy = bert<Shape, Other, Device, T>;
  /// The same with other numbers.
  template <scalar Other>
  using with_scalar = bert<Shape, Policy, Device, Other>;
  using base::base;
};

namespace shapes {
inline constexpr bert_shape bert_base_uncased{};
inline constexpr bert_shape bert_base_cased{.vocabulary = 28996};
inline constexpr bert_shape bert_large_uncased{.hidden = 1024, .heads = 16, .mlp = 4096, .layers = 24};
/// all-MiniLM-L6-v2 and its kind.
inline constexpr bert_shape minilm_l6{.hidden = 384, .mlp = 1536, .layers = 6};
}  // namespace shapes

}  // namespace slimfit
