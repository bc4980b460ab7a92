// SPDX-License-Identifier: MIT
// Images to tokens (Dosovitskiy et al. 2021): non-overlapping patches through a linear projection, a class token in
// front, learned positions added. Pixels are not stashed: the batch itself is in memory for the whole step, and patches
// are cut again for the projection's gradient.
#pragma once

#include <slimfit/kernels/patches.hpp>
#include <slimfit/kernels/token_rows.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/bias_gradient.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/parts.hpp>

namespace slimfit {

template <int Image, int Patch, int Channels, int Hidden, class Chunk, scalar T>
class patch_embedding {
  static_assert(Image % Patch == 0, "slimfit: patch_embedding: the image's side must be a multiple of the patch's");

 public:
  using value_type = T;
  using input_type = T;
  using extract = kernels::extract_patches<Image, Patch, Channels, T>;
  static constexpr index_t tokens = extract::tokens;
  static constexpr index_t pixels = index_t{Channels} * Image * Image;  ///< elements of one image

  constexpr patch_embedding()
      : class_token_(make_parameter<T>(parameter_kind::unit, 1, 1, Hidden)),
        position_(make_parameter<T>(parameter_kind::unit, 1, tokens, Hidden)),
        weight_(make_parameter<T>(parameter_kind::unit, Hidden, Channels, Patch, Patch)),
        bias_(make_parameter<T>(parameter_kind::bias, Hidden)) {}

  /// Changes the number of tokens, class token included, for a plan: the position table gets that many rows. Kernels go
  /// on with the compiled image, so such a network can be counted but not run.
  constexpr void plan_tokens(index_t count) {
    tokens_ = count;
    position_.shape[1] = count;
  }

  /// Names follow Hugging Face's ViT.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visitor(class_token_, name + ".cls_token");
    visitor(position_, name + ".position_embeddings");
    visitor(weight_, name + ".patch_embeddings.projection.weight");
    visitor(bias_, name + ".patch_embeddings.projection.bias");
  }

  /// Overwrites the output (all rows of the batch) with the tokens of the images, one image per sequence.
  template <class Context>
  constexpr void forward(Context& run, sequence_batch const& batch, input_type const* images,
                         forward_results<T> const& out) const {
    auto const range = run.range("embeddings");
    index_t const count = batch.count();
    T* const stream = out.output;
    run.launch(count * tokens_,
               kernels::start_tokens<Hidden, T>{position_.data, class_token_.data, bias_.data, tokens_, stream});
    for_each_patch_chunk(run, images, count, [&](index_t row, index_t rows, T const* patches) {
      run.device.multiply(rows, Hidden, extract::width, operand<T>{patches, extract::width, false},
                          operand<T>{weight_.data, extract::width, true}, advance(stream, row * Hidden), Hidden,
                          update_mode::accumulate);
    });
  }

  /// Hands the gradients of the parameters to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, sequence_batch const& batch, input_type const* images,
                          backward_operands<T> const& above) const {
    auto const range = run.range("embeddings");
    index_t const count = batch.count();
    T const* const stream_gradient = above.output_gradient;
    gradient position_gradient(run, position_);
    gradient class_gradient(run, class_token_);
    gradient bias_gradient(run, bias_);
    gradient weight_gradient(run, weight_);
    if (position_gradient.wanted() || class_gradient.wanted() || bias_gradient.wanted()) {
      auto const sums = run.template scratch<T>(tokens_ * Hidden);
      run.launch(tokens_, kernels::sum_over_sequences<Hidden, T>{stream_gradient, count, tokens_, sums.data()});
      if (position_gradient.wanted()) { run.device.copy(sums.data(), position_gradient.data(), tokens_ * Hidden); }
      if (class_gradient.wanted()) { run.device.copy(sums.data(), class_gradient.data(), Hidden); }
      if (bias_gradient.wanted()) {
        add_bias_gradient<Hidden>(run, advance(sums.data(), Hidden), tokens_ - 1, bias_gradient.data(),
                                  update_mode::overwrite);
      }
    }
    if (weight_gradient.wanted()) {
      for_each_patch_chunk(run, images, count, [&](index_t row, index_t rows, T const* patches) {
        run.device.multiply(Hidden, extract::width, rows,
                            operand<T>{advance(stream_gradient, row * Hidden), Hidden, true},
                            operand<T>{patches, extract::width, false}, weight_gradient.data(), extract::width,
                            row == 0 ? update_mode::overwrite : update_mode::accumulate);
      });
    }
    position_gradient.finish();
    class_gradient.finish();
    bias_gradient.finish();
    weight_gradient.finish();
  }

 private:
  template <class Context, class Body>
  constexpr void for_each_patch_chunk(Context& run, T const* images, index_t count, Body const& body) const {
    index_t const all = count * tokens_;
    index_t const least = chunk_rows<Chunk>(run, {count, tokens_}, Hidden);
    index_t const chunk = part_rows(run, {all, 1}, least, [](auto& counted, index_t rows) {
      static_cast<void>(counted.template scratch<T>(rows * extract::width));
    });
    for_each_chunk(run, all, chunk, [&](index_t row, index_t rows) {
      auto const patches = run.template scratch<T>(rows * extract::width);
      run.launch(rows, extract{images, row, patches.data()});
      body(row, rows, patches.data());
    });
  }

  index_t tokens_ = tokens;
  parameter<T> class_token_;
  parameter<T> position_;
  parameter<T> weight_;
  parameter<T> bias_;
};

}  // namespace slimfit
