// SPDX-License-Identifier: MIT
// The vision transformer as a model with weights, and the sizes people know by name.
#pragma once

#include <slimfit/models/model.hpp>
#include <slimfit/models/vit_network.hpp>

namespace slimfit {

/// @tparam Policy what is kept, frozen and when: see policy/presets.hpp
/// @tparam Device a backend, e.g. `host`
/// @tparam T      its numbers: float, double or bf16
template <vit_shape Shape, class Policy, class Device, class T = float>
class vit : private detail::checked_model<Policy, Device, T>,
            public model<vit_network<Shape, Policy, typename detail::scalar_or_float<T>::type>, Device> {
  using base = model<vit_network<Shape, Policy, typename detail::scalar_or_float<T>::type>, Device>;

 public:
  static constexpr vit_shape shape = Shape;
  /// The same under another policy, whose weights lie in memory alike.
  template <class Other>
  using with_policy = vit<Shape, Other, Device, T>;
  /// The same with other numbers.
  template <scalar Other>
  using with_scalar = vit<Shape, Policy, Device, Other>;
  using base::base;
};

namespace shapes {
inline constexpr vit_shape vit_small_16{.hidden = 384, .heads = 6, .mlp = 1536};
inline constexpr vit_shape vit_base_16{};
inline constexpr vit_shape vit_base_16_384{.image = 384};
inline constexpr vit_shape vit_large_16{.hidden = 1024, .heads = 16, .mlp = 4096, .layers = 24};
/// DINOv2's bodies, at the 518 x 518 pixels they were trained on; other sizes have their position table interpolated.
inline constexpr vit_shape dinov2_small_14{
    .image = 518, .patch = 14, .hidden = 384, .heads = 6, .mlp = 1536, .layer_scale = true, .norm_epsilon = 1e-6};
inline constexpr vit_shape dinov2_base_14{.image = 518, .patch = 14, .layer_scale = true, .norm_epsilon = 1e-6};
}  // namespace shapes

}  // namespace slimfit
