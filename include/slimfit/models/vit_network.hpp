// SPDX-License-Identifier: MIT
// The vision transformer (Dosovitskiy et al., "An image is worth 16x16 words", 2021) as layers on a context: what the
// model class owns and what a plan runs.
#pragma once

#include <slimfit/layers/class_token_head.hpp>
#include <slimfit/layers/losses.hpp>
#include <slimfit/layers/patch_embedding.hpp>
#include <slimfit/layers/policy_stack.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/models/image_batch.hpp>
#include <slimfit/models/sequence_network.hpp>
#include <slimfit/policy/model_policy.hpp>

namespace slimfit {

/// Sizes of a vision transformer. Sides in pixels.
struct vit_shape {
  int image = 224;
  int patch = 16;
  int channels = 3;
  int hidden = 768;
  int heads = 12;
  int mlp = 3072;
  int layers = 12;
  int classes = 1000;
  bool layer_scale = false;     ///< whether each half of a block is multiplied by learned numbers, as in DINOv2
  double norm_epsilon = 1e-12;  ///< what normalisations add to the variance; DINOv2's is 1e-6
};

namespace detail {
template <vit_shape Shape>
struct checked_vit_shape {
  static_assert(Shape.image > 0 && Shape.patch > 0 && Shape.channels > 0 && Shape.hidden > 0 && Shape.heads > 0 &&
                    Shape.mlp > 0 && Shape.layers > 0 && Shape.classes > 0,
                "slimfit: vit_shape: every size must be positive");
  static_assert(Shape.patch <= 0 || Shape.image % Shape.patch == 0,
                "slimfit: vit_shape: image must be a multiple of patch, e.g. 224 of 16");
  static_assert(Shape.heads <= 0 || Shape.hidden % Shape.heads == 0,
                "slimfit: vit_shape: hidden must be a multiple of heads, e.g. 768 of 12");
  static_assert(Shape.norm_epsilon >= 0, "slimfit: vit_shape: norm_epsilon must be at least 0, e.g. 1e-12");
};
}  // namespace detail

/// What a vision transformer is put together from; to be derived from where one of them is a program's own:
/// `struct my_parts : vit_parts<Shape, Policy, T> { using before_stack = my_layer; };`
template <vit_shape Shape, class Policy, scalar T>
struct vit_parts {
  using embedding = patch_embedding<Shape.image, Shape.patch, Shape.channels, Shape.hidden, typename Policy::chunk, T>;
  using before_stack = no_layer<T>;
  template <class BlockPolicy>
  using block = pre_norm_block<Shape.hidden, Shape.heads, Shape.mlp, BlockPolicy, T, Shape.layer_scale>;
  using stack = policy_stack<Policy, block, Shape.layers>;
  using behind_stack = no_layer<T>;
  using head = class_token_head<Shape.hidden, Shape.classes, Policy, T>;
  using loss = cross_entropy_loss<Shape.classes, T>;
  /// The head reads the class token's rows; the others of the last block's output are computed where the policy wants.
  static constexpr live_rows live = Policy::computes_dead_rows ? live_rows::all : live_rows::first;
};

/// @tparam Parts see vit_parts
template <vit_shape Shape, class Policy, scalar T, class Parts = vit_parts<Shape, Policy, T>>
class vit_network : private detail::checked_vit_shape<Shape>,
                    private detail::checked_policy<Policy>,
                    public sequence_network<Parts> {
  using base = sequence_network<Parts>;

 public:
  static constexpr vit_shape shape = Shape;
  using policy_type = Policy;
  using value_type = T;
  using typename base::embedding_type;
  using typename base::input_type;
  static constexpr index_t tokens = embedding_type::tokens;
  static constexpr index_t inputs = embedding_type::pixels;  ///< input elements of one sample
  static constexpr index_t classes = Shape.classes;
  using arranged_type = image_batch<T, tokens>;

  constexpr vit_network() : base({}, {}) {
    this->stack_.set_norm_epsilon(Shape.norm_epsilon);
    this->head_.set_norm_epsilon(Shape.norm_epsilon);
  }

  /// Names follow Hugging Face's ViTForImageClassification.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    this->embedding_.visit(visitor, name + "vit.embeddings");
    this->before_.visit(visitor, name + "vit.before_encoder");
    this->stack_.visit(visitor, name + "vit.encoder.layer.");
    this->behind_.visit(visitor, name + "vit.behind_encoder");
    this->head_.visit(visitor, name + "vit.layernorm", name + "classifier");
  }

  /// Changes the number of tokens of a sequence, class token included, for a plan; see patch_embedding::plan_tokens.
  /// To be called before parameters are bound.
  /// @throws value_error
  constexpr void plan_tokens(index_t count) {
    if (count < 2 || count > 65536) {
      raise_mismatch<value_error>("tokens", count, {"at least 2, the class token and one patch, and at most 65536"});
    }
    tokens_ = count;
    this->embedding_.plan_tokens(count);
  }
  /// A batch of `count` images.
  [[nodiscard]] constexpr sequence_batch sequences(index_t count) const { return {count, tokens_}; }
  [[nodiscard]] static arranged_type arrange(std::span<T const> images, index_t count) { return {images, count}; }
  /// What a batch takes in the backend's memory.
  [[nodiscard]] constexpr index_t input_elements(sequence_batch const& batch) const {
    return batch.count() * (tokens_ == tokens ? inputs : (tokens_ - 1) * Shape.patch * Shape.patch * Shape.channels);
  }
  [[nodiscard]] static constexpr index_t offset_elements(sequence_batch const& /*batch*/) { return 0; }

 private:
  index_t tokens_ = tokens;
};

}  // namespace slimfit
