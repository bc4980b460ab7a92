// SPDX-License-Identifier: MIT
// Half a transformer block: a normalisation, a body that reads its output (attention, an MLP, one of a program's own),
// and the residual that the body's result is added to. The residual stream is updated in place, a part of the batch at
// a time; everything kept lies on the tape.
#pragma once

#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/gradient.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/parts.hpp>
#include <slimfit/pass/waiting_sums.hpp>

namespace slimfit {

/// What the result of a half is added to.
enum class residual : unsigned char {
  stream,     ///< pre-norm: x = x + body(norm(x))
  normalized  ///< post-norm: x = norm(x) + body(norm(x))
};

/// @tparam Norm      a divisible layer with `width`; where the body's input is rebuilt it has `with_output`, see
///                   layer_norm
/// @tparam Body      a divisible layer that adds a residual; `kept_type::input` is what it keeps of its input. Where it
///                   says `rebuilds_input` that is nothing: the input is made again from what the normalisation keeps
/// @tparam Placement of the normalisation
/// @tparam InputRate of dropout behind the normalisation where `drop_input` was called: of a model's embeddings
template <divisible_layer Norm, divisible_layer Body, residual Placement, class InputRate = percent<0>>
class residual_half {
 public:
  using value_type = typename Norm::value_type;
  static constexpr int width = Norm::width;
  static constexpr bool mixes_rows = slimfit::mixes_rows<Body>;
  static constexpr bool rebuilds_input = requires { requires Body::rebuilds_input; };

  struct kept_type {
    typename Norm::kept_type norm;
    typename Body::kept_type body;
    sequence_batch batch;
    live_rows live = live_rows::all;
  };

  [[nodiscard]] constexpr Norm& norm() { return norm_; }
  [[nodiscard]] constexpr Body& body() { return body_; }
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    norm_.visit(visitor, name + ".norm");
    body_.visit(visitor, name + ".body");
  }
  /// From now on what the normalisation gives is dropped from.
  constexpr void drop_input() { drops_input_ = true; }

  /// Updates `stream`, the batch's rows, in place.
  /// @param live  rows of the result that somebody reads, where the body mixes rows: they come first
  /// @param chunk least rows at a time
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch, value_type* stream,
                                            live_rows live, index_t chunk) const {
    auto const rows = own_rows(batch);
    kept_type kept{norm_.keep(run, rows, norm_name()), {}, rows, live};
    forward_operands<value_type> const whole{.input = stream};
    save_whole(run, norm_, kept.norm, whole);
    kept.body = keep_body(run, rows, live);
    forward_in_parts(run, kept, stream, part_rows(run, rows, chunk, [&](auto& counted, index_t at_a_time) {
                       forward_in_parts(counted, kept, stream, at_a_time);
                     }));
    return kept;
  }

  /// Turns the gradient of what `forward` left into that of the rows it was given, in place; releases `kept`.
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, value_type* stream_gradient, index_t chunk) const {
    backward_in_parts(run, kept, stream_gradient,
                      part_rows(run, kept.batch, chunk, [&](auto& counted, index_t at_a_time) {
                        backward_in_parts(counted, kept, stream_gradient, at_a_time);
                      }));
    body_.release(run, kept.body);
    norm_.release(run, kept.norm);
  }

 private:
  static constexpr bool adds_to_stream = Placement == residual::stream;
  using input_dropout = dropout<width, InputRate, value_type>;

  /// For records of memory.
  static constexpr char const* norm_name() {
    if constexpr (requires { Body::norm_name; }) {
      return Body::norm_name;
    } else {
      return "LayerNorm";
    }
  }
  /// Bodies whose rows do not see each other get each row as a sequence of its own.
  static constexpr sequence_batch own_rows(sequence_batch const& batch) {
    return mixes_rows ? batch : batch.single_rows();
  }
  template <class Context>
  constexpr void forward_in_parts(Context& run, kept_type const& kept, value_type* stream, index_t at_a_time) const {
    auto const& rows = kept.batch;
    auto const left = live_part(rows, kept.live);
    for_each_part(run, rows, at_a_time, [&](index_t first, index_t count) {
      auto const norm_part = kept.norm.part(first, count);
      auto const body_part = kept.body.part(first, count);
      auto const part = rows.part(first, count);
      output_target<value_type> const normalized(run, body_part.input, part.rows() * width);
      value_type* const here = advance(stream, rows.first(first) * width);
      norm_.forward(run, norm_part, {.input = here}, {.output = normalized.data()});
      if (drops_input(run)) { input_drop(part).apply(run, normalized.data(), part.rows()); }
      // Live rows are never further down than those they are computed from, which were read by then.
      body_.forward(run, body_part, {.input = normalized.data(), .residual = adds_to_stream ? here : normalized.data()},
                    {.output = advance(stream, left.first(first) * width)});
    });
  }
  template <class Context>
  constexpr void backward_in_parts(Context& run, kept_type const& kept, value_type* stream_gradient,
                                   index_t at_a_time) const {
    using updates = typename Context::updates_type;
    bool const all = kept.live == live_rows::all;
    auto const left = live_part(kept.batch, kept.live);
    typename Norm::template gradients<updates> norm_sums(run, norm_);
    typename Body::template gradients<updates> sums(run, body_);
    auto const live_gradient = run.template scratch<value_type>(all ? 0 : left.rows() * width);
    if (!all) { gather_first_rows<width>(run, stream_gradient, left, live_gradient.data()); }
    for_each_part(run, kept.batch, at_a_time, [&](index_t first, index_t count) {
      auto const part = kept.batch.part(first, count);
      value_type* const here = advance(stream_gradient, kept.batch.first(first) * width);
      value_type const* const upstream = all ? here : advance(live_gradient.data(), left.first(first) * width);
      if (!all) { spread_first_rows<width>(run, upstream, part, here); }
      // Where the normalised rows are the residual too, their gradient replaces the stream's.
      auto const separate = run.template scratch<value_type>(adds_to_stream ? part.rows() * width : 0);
      value_type* const inner = adds_to_stream ? separate.data() : here;
      index_t const numbers = waiting_numbers(run, sums, part, kept.live);
      auto const partial_sums = run.template scratch<compute_type<value_type>>(numbers);
      waiting_sums<value_type> waiting(partial_sums.data(), numbers);
      if constexpr (sums_wait<Context>) {
        wait_in(sums, waiting);
        wait_in(norm_sums, waiting);
      }
      auto const norm_part = kept.norm.part(first, count);
      backward_of_body(run, norm_part, kept.body.part(first, count), upstream, inner, sums);
      if (drops_input(run)) { input_drop(part).apply(run, inner, part.rows()); }
      norm_.backward(
          run, norm_part, {.output_gradient = inner},
          {.input_gradient = here, .mode = adds_to_stream ? update_mode::accumulate : update_mode::overwrite},
          norm_sums);
      waiting.finish(run);
    });
    finish_together(run, [&] {
      sums.finish(run, body_);
      norm_sums.finish(run, norm_);
    });
  }
  template <class Context>
  [[nodiscard]] constexpr typename Body::kept_type keep_body(Context& run, sequence_batch const& rows,
                                                             [[maybe_unused]] live_rows live) const {
    if constexpr (mixes_rows) {
      return body_.keep(run, rows, live);
    } else {
      return body_.keep(run, rows);
    }
  }
  template <class Context, class Sums>
  constexpr void backward_of_body(Context& run, typename Norm::kept_type const& norm_part,
                                  typename Body::kept_type const& part, value_type const* upstream, value_type* inner,
                                  Sums& sums) const {
    backward_results<value_type> const below{.input_gradient = inner,
                                             .mode = adds_to_stream ? update_mode::overwrite : update_mode::accumulate};
    if constexpr (rebuilds_input) {
      norm_.with_output(norm_part, [&](auto const& rebuilt) {
        using source_type = std::remove_cvref_t<decltype(rebuilt)>;
        if constexpr (input_dropout::exists) {
          if (drops_input(run)) {
            using dropped_type = dropped_rows<width, InputRate, source_type>;
            auto const drop = input_drop(norm_part.batch);
            body_.backward(run, part,
                           backward_operands<value_type, dropped_type>{
                               upstream, dropped_type{rebuilt, drop.stream(run), drop.rows()}},
                           below, sums);
            return;
          }
        }
        body_.backward(run, part, backward_operands<value_type, source_type>{upstream, rebuilt}, below, sums);
      });
    } else {
      body_.backward(run, part, {.output_gradient = upstream}, below, sums);
    }
  }
  template <class Context>
  [[nodiscard]] constexpr bool drops_input(Context const& run) const {
    return drops_input_ && input_dropout::happens(run);
  }
  [[nodiscard]] constexpr input_dropout input_drop(sequence_batch const& rows) const {
    return {norm_.weight().position, rows.numbers()};
  }

  Norm norm_;
  Body body_;
  bool drops_input_ = false;
};

}  // namespace slimfit
