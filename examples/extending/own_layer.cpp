// SPDX-License-Identifier: MIT
// A model with a layer of one's own: a vision transformer whose class scores are each times a trained factor. Plan,
// ledger, scheduler, optimizer and checkpoints treat it like every other layer.
#include "train.hpp"

#include "feature_scale.hpp"

namespace {

template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
class scaled_vit : public slimfit::vit_network<Shape, Policy, T> {
  using base = slimfit::vit_network<Shape, Policy, T>;
  using scale_type =
      feature_scale<Shape.classes, slimfit::stash::by_state<slimfit::stash::dense, slimfit::stash::none>, T>;

 public:
  struct kept_type {
    typename base::kept_type body;
    typename scale_type::kept_type scale;
  };

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    base::visit(visitor, name);
    visitor(scale_.weight, name + "scale.weight");
  }
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, T const* images, slimfit::sequence_batch const& batch,
                                            T* logits) const {
    auto const body = base::forward(run, images, batch, logits);
    return {body, scale_.forward(run, logits, batch.count())};
  }
  /// The gradient of the scores is changed in place: nobody reads it afterwards.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, T const* images, slimfit::sequence_batch const& batch,
                          T* logit_gradient) const {
    scale_.backward(run, kept.scale, logit_gradient, batch.count());
    base::backward(run, kept.body, images, batch, logit_gradient);
  }

 private:
  scale_type scale_;
};

using network = scaled_vit<extending::shape, slimfit::policy::slim, float>;

}  // namespace

int main() { return extending::train<slimfit::model<network, slimfit::host>>("own layer"); }
