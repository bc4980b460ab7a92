// SPDX-License-Identifier: MIT
// A transformer block with normalisation after each half, cut as its formula is (Devlin et al., "BERT", 2019):
// y = norm(x + attention(x)), then norm(y + mlp(y)). For programs whose blocks are exchanged one by one: input and
// output are normalised rows. In a stack post_norm_block.hpp keeps less where linears' inputs are rebuilt: here nobody
// in the block keeps the rows that its first linears read.
#pragma once

#include <type_traits>

#include <slimfit/layers/block.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/layers/self_attention.hpp>

namespace slimfit {

/// Half such a block: `stream = norm(stream + body(stream))`. All rows of the result are computed.
/// @tparam Norm a divisible layer with `width`
/// @tparam Body a divisible layer that adds a residual and keeps its input by itself
template <divisible_layer Norm, divisible_layer Body>
class output_norm_half {
 public:
  using value_type = typename Norm::value_type;
  static constexpr int width = Norm::width;
  static constexpr bool mixes_rows = false;  ///< leaves out no rows

  struct kept_type {
    typename Body::kept_type body;
    typename Norm::kept_type norm;
    sequence_batch batch;
  };

  [[nodiscard]] constexpr Norm& norm() { return norm_; }
  [[nodiscard]] constexpr Body& body() { return body_; }
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    body_.visit(visitor, name + ".body");
    norm_.visit(visitor, name + ".norm");
  }

  /// Updates `stream`, the batch's rows, in place.
  /// @param chunk rows of the body at a time
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, value_type* stream,
                                            live_rows /*live*/, index_t chunk) const {
    auto const rows = own_rows(batch);
    kept_type kept{body_.keep(run, rows), norm_.keep(run, rows), rows};
    for_each_part(run, rows, chunk, [&](index_t first, index_t count) {
      value_type* const here = advance(stream, rows.first(first) * width);
      body_.forward(run, kept.body.part(first, count), {.input = here, .residual = here}, {.output = here});
    });
    forward_operands<value_type> const whole{.input = stream};
    save_whole(run, norm_, kept.norm, whole);
    norm_.forward(run, kept.norm, whole, {.output = stream});
    return kept;
  }

  /// Turns the gradient of what `forward` left into that of the rows it was given, in place; releases `kept`.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, value_type* stream_gradient, index_t chunk) const {
    using updates = typename Context::updates_type;
    {
      typename Norm::template gradients<updates> norm_sums(run, norm_);
      norm_.backward(run, kept.norm, {.output_gradient = stream_gradient}, {.input_gradient = stream_gradient},
                     norm_sums);
      norm_sums.finish(run, norm_);
    }
    norm_.release(run, kept.norm);
    {
      typename Body::template gradients<updates> sums(run, body_);
      for_each_part(run, kept.batch, chunk, [&](index_t first, index_t count) {
        // The body reads the gradient of its result before it adds to what is the residual's, in the same place.
        value_type* const here = advance(stream_gradient, kept.batch.first(first) * width);
        body_.backward(run, kept.body.part(first, count), {.output_gradient = here},
                       {.input_gradient = here, .mode = update_mode::accumulate}, sums);
      });
      sums.finish(run, body_);
    }
    body_.release(run, kept.body);
  }

 private:
  /// Bodies whose rows do not see each other get each row as a sequence of its own.
  static constexpr sequence_batch own_rows(sequence_batch const& batch) {
    return slimfit::mixes_rows<Body> ? batch : batch.single_rows();
  }

  Norm norm_;
  Body body_;
};

namespace policy {
/// `Policy` for blocks that nobody rebuilds the first linears' inputs for: they are kept as attention's output is.
template <class Policy>
struct with_kept_inputs : Policy {
  using linear_input = std::conditional_t<std::is_same_v<typename Policy::linear_input, stash::rebuilt>,
                                          typename Policy::attention_output, typename Policy::linear_input>;
};
}  // namespace policy

namespace detail {
template <int Hidden, int Heads, int Mlp, class Policy, class T, class Dropout>
using output_norm_halves =
    block<typename Policy::chunk,
          output_norm_half<layer_norm<Hidden, typename Policy::norm, T>,
                           self_attention<Hidden, Heads, policy::with_kept_inputs<Policy>, T, Dropout>>,
          output_norm_half<layer_norm<Hidden, typename Policy::norm, T>,
                           mlp<Hidden, Mlp, policy::with_kept_inputs<Policy>, T, Dropout>>>;
}  // namespace detail

/// @tparam Policy  a model policy, see policy/presets.hpp
/// @tparam Dropout `dropout_rates`
template <int Hidden, int Heads, int Mlp, class Policy, scalar T, class Dropout = no_dropout>
class output_norm_block : public detail::output_norm_halves<Hidden, Heads, Mlp, Policy, T, Dropout> {
 public:
  /// Names follow Hugging Face's BERT.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    auto& attention = this->template half<0>();
    auto& mlp = this->template half<1>();
    auto const projections = name + ".attention.self";
    attention.body().visit_projections(visitor, projections + ".query", projections + ".key", projections + ".value");
    attention.body().visit_output(visitor, name + ".attention.output.dense");
    attention.norm().visit(visitor, name + ".attention.output.LayerNorm");
    mlp.body().visit(visitor, name + ".intermediate.dense", name + ".output.dense", name + ".output");
    mlp.norm().visit(visitor, name + ".output.LayerNorm");
  }
};

}  // namespace slimfit
