// SPDX-License-Identifier: MIT
// Layers one after the other, as one layer: a feed-forward body of a program's own, e.g. a linear, a gate and another
// linear. What lies between two of them exists for a part of the batch, unless the second keeps it as it is: then the
// first writes it to the tape.
#pragma once

#include <tuple>
#include <utility>

#include <slimfit/layers/layer.hpp>
#include <slimfit/pass/output_target.hpp>

namespace slimfit {

namespace detail {
template <class L>
inline constexpr int inputs_of = [] {
  if constexpr (requires { L::inputs; }) {
    return L::inputs;
  } else {
    return L::width;
  }
}();
template <class L>
inline constexpr int outputs_of = [] {
  if constexpr (requires { L::outputs; }) {
    return L::outputs;
  } else {
    return L::width;
  }
}();
template <class L>
inline constexpr bool rebuilds_input_of = requires {
  requires L::rebuilds_input;
};
template <class L>
inline constexpr bool in_place = requires {
  requires L::works_in_place;
};

template <class... Layers>
constexpr bool sizes_fit() {
  int const inputs[]{inputs_of<Layers>...};
  int const outputs[]{outputs_of<Layers>...};
  for (std::size_t i = 1; i < sizeof...(Layers); ++i) {
    if (outputs[i - 1] != inputs[i]) { return false; }
  }
  return true;
}

/// One object of each type. Not a std::tuple: g++ 12 clears what lies behind an empty class in one, e.g. the weights
/// behind a layer that has none.
template <class... T>
struct objects {};
template <class First, class... Rest>
struct objects<First, Rest...> {
  First first{};
  objects<Rest...> rest{};

  template <std::size_t I>
  [[nodiscard]] constexpr auto& get() {
    if constexpr (I == 0) {
      return first;
    } else {
      return rest.template get<I - 1>();
    }
  }
  template <std::size_t I>
  [[nodiscard]] constexpr auto const& get() const {
    if constexpr (I == 0) {
      return first;
    } else {
      return rest.template get<I - 1>();
    }
  }
};

/// The gradients of several layers, which begin in their order and end in the reverse order.
template <class Updates, class... Layers>
struct gradients_of_all {
  template <class Context>
  constexpr explicit gradients_of_all(Context& /*run*/) {}
};
template <class Updates, class First, class... Rest>
struct gradients_of_all<Updates, First, Rest...> {
  typename First::template gradients<Updates> first;
  gradients_of_all<Updates, Rest...> rest;

  template <class Context>
  constexpr gradients_of_all(Context& run, First const& layer, Rest const&... layers)
      : first(run, layer), rest(run, layers...) {}
  template <std::size_t I>
  [[nodiscard]] constexpr auto& get() {
    if constexpr (I == 0) {
      return first;
    } else {
      return rest.template get<I - 1>();
    }
  }
};
}  // namespace detail

/// Of a layer it needs `inputs` and `outputs`, or `width` for both, and `kept_type::input`. A layer that says
/// `rebuilds_input` gets its input made again by `with_output` of the one before it. Layers that say `works_in_place`
/// get output and input in the same memory where nobody reads the input any more. A residual is added by the last.
/// @tparam First, Rest divisible layers, from the input on, whose rows do not see each other
template <divisible_layer First, divisible_layer... Rest>
class chain : public whole_batch<chain<First, Rest...>, typename First::value_type> {
  static constexpr std::size_t count = 1 + sizeof...(Rest);
  template <std::size_t I>
  using layer_type = std::tuple_element_t<I, std::tuple<First, Rest...>>;
  static_assert(!slimfit::mixes_rows<First> && (!slimfit::mixes_rows<Rest> && ...),
                "slimfit: chain<First, Rest...>: a layer whose rows see each other, as attention's do, must stand in a "
                "half of its own");
  static_assert(detail::sizes_fit<First, Rest...>(),
                "slimfit: chain<First, Rest...>: each layer must have as many inputs as the one before it has outputs");

 public:
  using value_type = typename First::value_type;
  static constexpr int inputs = detail::inputs_of<First>;
  static constexpr int outputs = detail::outputs_of<layer_type<count - 1>>;
  static constexpr bool rebuilds_input = detail::rebuilds_input_of<First>;
  using whole_batch<chain, value_type>::forward;
  using whole_batch<chain, value_type>::backward;

  struct kept_type {
    detail::objects<typename First::kept_type, typename Rest::kept_type...> layers{};
    sequence_batch batch{};
    decltype(First::kept_type::input) input{};  ///< of the first layer

    [[nodiscard]] constexpr kept_type part(index_t first, index_t number) const {
      kept_type result;
      for_each_index(
          [&]<std::size_t I>() { result.layers.template get<I>() = layers.template get<I>().part(first, number); });
      result.batch = batch.part(first, number);
      result.input = result.layers.first.input;
      return result;
    }
  };

  template <std::size_t I>
  [[nodiscard]] constexpr auto& layer() {
    return layers_.template get<I>();
  }
  /// Layers are named by their numbers, from 0 on.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    for_each_index([&]<std::size_t I>() { layer<I>().visit(visitor, numbered(name + ".", static_cast<int>(I))); });
  }

  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, sequence_batch const& batch) const {
    kept_type kept;
    for_each_index([&]<std::size_t I>() { kept.layers.template get<I>() = keep_of<I>(run, batch); });
    kept.batch = batch;
    kept.input = kept.layers.first.input;
    return kept;
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    for_each_index([&]<std::size_t I>() {
      layers_.template get<count - 1 - I>().release(run, kept.layers.template get<count - 1 - I>());
    });
  }

  /// As the last layer for the residual.
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, forward_operands<value_type> const& in,
                         forward_results<value_type> const& out) const {
    forward_from<0>(run, kept, in, nullptr, out);
  }

  template <class Updates>
  struct gradients {
    detail::gradients_of_all<Updates, First, Rest...> all;

    template <class Context>
    constexpr gradients(Context& run, chain const& layer) : gradients(run, layer, std::make_index_sequence<count>{}) {}
    template <class Context>
    constexpr void finish(Context& run, chain const& layer) {
      for_each_index([&]<std::size_t I>() { all.template get<I>().finish(run, layer.layers_.template get<I>()); });
    }

   private:
    template <class Context, std::size_t... I>
    constexpr gradients(Context& run, chain const& layer, std::index_sequence<I...> /*all*/)
        : all(run, layer.layers_.template get<I>()...) {}
  };

  /// As the first layer for the input's gradient.
  template <class Context, class Updates, class Source = kept_input>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<value_type, Source> const& above,
                          backward_results<value_type> const& below, gradients<Updates>& sums) const {
    backward_to<count - 1>(run, kept, above, nullptr, below, sums);
  }

 private:
  template <class F>
  static constexpr void for_each_index(F const& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<I>(), ...); }
    (std::make_index_sequence<count>{});
  }
  /// What a layer without weights keeps belongs to the one before it.
  template <std::size_t I, class Context>
  [[nodiscard]] constexpr auto keep_of(Context& run, sequence_batch const& batch) const {
    if constexpr (I > 0) {
      auto const& before = layers_.template get<I - 1>();
      auto const& each = layers_.template get<I>();
      if constexpr (requires { each.keep(run, batch, before.output_place()); }) {
        return each.keep(run, batch, before.output_place());
      } else {
        return each.keep(run, batch);
      }
    } else {
      return layers_.template get<0>().keep(run, batch);
    }
  }

  /// @param own the input, where it is the chain's to overwrite
  template <std::size_t I, class Context>
  constexpr void forward_from(Context& run, kept_type const& kept, forward_operands<value_type> const& in,
                              value_type* own, forward_results<value_type> const& out) const {
    auto const& each = layers_.template get<I>();
    auto const& part = kept.layers.template get<I>();
    if constexpr (I + 1 == count) {
      each.forward(run, part, in, out);
    } else {
      auto const& next = kept.layers.template get<I + 1>().input;
      using target_type = output_target<value_type>;
      bool const reuses = I > 0 && detail::in_place<layer_type<I>> && !target_type::is_dense(part.input) &&
                          !target_type::is_dense(next);
      target_type const target(run, next, reuses ? 0 : kept.batch.rows() * detail::outputs_of<layer_type<I>>);
      value_type* const output = reuses ? own : target.data();
      each.forward(run, part, {.input = in.input}, {.output = output});
      forward_from<I + 1>(run, kept, {.input = output, .residual = in.residual}, output, out);
    }
  }

  /// @param own the output's gradient, where it is the chain's to overwrite
  template <std::size_t I, class Context, class Updates, class Source>
  constexpr void backward_to(Context& run, kept_type const& kept, backward_operands<value_type, Source> const& above,
                             value_type* own, backward_results<value_type> const& below,
                             gradients<Updates>& sums) const {
    auto const& each = layers_.template get<I>();
    auto const& part = kept.layers.template get<I>();
    auto& own_sums = sums.all.template get<I>();
    if constexpr (I == 0) {
      each.backward(run, part, above, below, own_sums);
    } else {
      constexpr bool reuses = I + 1 < count && detail::in_place<layer_type<I>>;
      auto const scratch =
          run.template scratch<value_type>(reuses ? 0 : kept.batch.rows() * detail::inputs_of<layer_type<I>>);
      value_type* const inner = reuses ? own : scratch.data();
      if constexpr (detail::rebuilds_input_of<layer_type<I>>) {
        layers_.template get<I - 1>().with_output(kept.layers.template get<I - 1>(), [&]<class Rows>(Rows const& rows) {
          each.backward(run, part, backward_operands<value_type, Rows>{above.output_gradient, rows},
                        {.input_gradient = inner}, own_sums);
        });
      } else {
        each.backward(run, part, {.output_gradient = above.output_gradient}, {.input_gradient = inner}, own_sums);
      }
      backward_to<I - 1>(run, kept, backward_operands<value_type, Source>{inner, above.input}, inner, below, sums);
    }
  }

  detail::objects<First, Rest...> layers_;
};

}  // namespace slimfit
