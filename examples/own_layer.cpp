// SPDX-License-Identifier: MIT
// A model with a layer of one's own: a vision transformer whose embeddings are each times a trained factor. Plan,
// ledger, scheduler, optimizer and checkpoints treat it like every other layer.
#include "extending/train.hpp"

#include "extending/feature_scale.hpp"

namespace {

template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct scaled_parts : slimfit::vit_parts<Shape, Policy, T> {
  using before_stack = feature_scale<Shape.hidden, slimfit::stash::dense, T>;
};
template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct scaled_vit : slimfit::vit_network<Shape, Policy, T, scaled_parts<Shape, Policy, T>> {};

using network = scaled_vit<extending::shape, slimfit::policy::slim, float>;

}  // namespace

int main() { return extending::train<slimfit::model<network, slimfit::host>>("own layer"); }
