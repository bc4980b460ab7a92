// SPDX-License-Identifier: MIT
// A linear layer, y = residual + x * W^T + b. Its input is kept only while the weight is active.
#pragma once

#include <slimfit/layers/layer.hpp>
#include <slimfit/layers/projections.hpp>
#include <slimfit/pass/kept_rows.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

/// @tparam In, Out    features of input and output
/// @tparam InputStash how the input is kept, see `projections`
template <int In, int Out, class InputStash, scalar T, linear_bias Bias = linear_bias::with>
class linear : public whole_batch<linear<In, Out, InputStash, T, Bias>, T> {
 public:
  static constexpr int inputs = In;
  static constexpr int outputs = Out;
  using value_type = T;
  /// Whether the input is made again from what the layer before it keeps.
  static constexpr bool rebuilds_input = std::is_same_v<InputStash, stash::rebuilt>;
  using projection_type = projections<In, Out, InputStash, T, 1, Bias>;
  using whole_batch<linear, T>::forward;
  using whole_batch<linear, T>::backward;

  using kept_type = kept_rows<InputStash, T, In>;

  constexpr explicit linear(parameter_kind kind = parameter_kind::unit) : projection_(kind) {}

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    projection_.visit(visitor, name);
  }
  /// The pieces that the layer is put together from.
  [[nodiscard]] constexpr projection_type const& projection() const { return projection_; }
  [[nodiscard]] constexpr parameter<T> const& weight() const { return projection_.weight(); }
  [[nodiscard]] constexpr parameter<T> const& bias() const requires(projection_type::has_bias) {
    return projection_.bias();
  }

  /// The output, for a layer without weights behind this one, which keeps it.
  [[nodiscard]] constexpr matrix_place output_place() const { return projection_.output_place(layer_matrix::gelu); }

  /// @param name of the input, for records of memory
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                         char const* name = "linear's input") const {
    return {projection_.keep(run, batch.rows(), name), batch};
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    projection_.release(run, kept.input);
  }

  /// The residual may be the output.
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<T> const& in,
                         forward_results<T> const& out) const {
    projection_.save_input(run, kept.input, in.input, kept.batch.rows());
    projection_.apply(run, in.input, kept.batch.rows(), {.output = out.output, .addend = in.residual});
  }

  template <class Updates>
  struct gradients : projection_type::template gradients<Updates> {
    using base = typename projection_type::template gradients<Updates>;
    template <class Context>
    constexpr gradients(Context& run, linear const& layer) : base(run, layer.projection_) {}
    template <class Context>
    constexpr void finish(Context& /*run*/, linear const& /*layer*/) {
      base::finish();
    }
  };

  /// The input's gradient may be null.
  template <class Context, class Updates, class Source = kept_input>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<T, Source> const& above,
                          backward_results<T> const& below, gradients<Updates>& sums) const {
    index_t const rows = kept.batch.rows();
    projection_.apply_transpose(run, above.output_gradient, rows, below.input_gradient, below.mode);
    if constexpr (std::same_as<Source, kept_input>) {
      projection_.add_gradients(run, kept.input, {above.output_gradient}, rows, sums);
    } else {
      projection_.add_gradients(run, above.input, {above.output_gradient}, rows, sums);
    }
  }

 private:
  projection_type projection_;
};

}  // namespace slimfit
