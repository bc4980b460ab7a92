// SPDX-License-Identifier: MIT
// A transformer block: halves that update the residual stream one after the other.
#pragma once

#include <tuple>

#include <slimfit/layers/residual_half.hpp>

namespace slimfit {

/// @tparam Chunk  least rows at a time, see policy/chunk.hpp
/// @tparam Halves `residual_half<...>`, from the input on
template <class Chunk, class... Halves>
class block {
  static_assert(sizeof...(Halves) > 0, "slimfit: block<Chunk, Halves...>: at least one half is expected");
  using all_halves = std::tuple<Halves...>;
  static constexpr std::size_t count = sizeof...(Halves);

 public:
  using value_type = typename std::tuple_element_t<0, all_halves>::value_type;
  static constexpr int width = std::tuple_element_t<0, all_halves>::width;
  static_assert(((Halves::width == width) && ...), "slimfit: block<Chunk, Halves...>: all halves must be equally wide");
  /// Whether it leaves out rows of its output that nobody reads.
  static constexpr bool mixes_rows = (Halves::mixes_rows || ...);

  struct kept_type {
    std::tuple<typename Halves::kept_type...> halves;
    sequence_batch batch;
    live_rows live = live_rows::all;
  };

  template <std::size_t I>
  [[nodiscard]] constexpr auto& half() {
    return std::get<I>(halves_);
  }
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (half<I>().visit(visitor, numbered(name + ".", static_cast<int>(I))), ...);
    }
    (std::make_index_sequence<count>{});
  }
  /// Sets what the normalisations that let it be set add to the variance.
  constexpr void set_norm_epsilon(double epsilon) {
    auto const set = [epsilon](auto& norm) {
      if constexpr (requires { norm.set_epsilon(epsilon); }) { norm.set_epsilon(epsilon); }
    };
    std::apply([&](auto&... each) { (set(each.norm()), ...); }, halves_);
  }

  /// The output may be the input, and should: otherwise all rows are copied first. @throws usage_error for a residual
  template <class Context>
  [[nodiscard]] constexpr kept_type forward(Context& run, sequence_batch const& batch,
                                            forward_operands<value_type> const& in,
                                            forward_results<value_type> const& out) const {
    detail::require_no_residual("block", in);
    if (in.input != out.output) { run.device.copy(in.input, out.output, batch.rows() * width); }
    index_t const chunk = chunk_rows<Chunk>(run, batch, width);
    kept_type kept;
    kept.batch = batch;
    kept.live = mixes_rows ? out.live : live_rows::all;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((std::get<I>(kept.halves) =
            std::get<I>(halves_).forward(run, rows_of<I>(batch, out.live), out.output, live_of<I>(out.live), chunk)),
       ...);
    }
    (std::make_index_sequence<count>{});
    return kept;
  }

  /// The input's gradient may be the output's, and should. Releases `kept`. @throws usage_error where it is
  /// null or to be added
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<value_type> const& above,
                          backward_results<value_type> const& below) const {
    detail::require_overwritten_gradient(run, "block", below);
    if (above.output_gradient != below.input_gradient) {
      index_t const rows = live_part(kept.batch, kept.live).rows();
      run.device.copy(above.output_gradient, below.input_gradient, rows * width);
    }
    index_t const chunk = chunk_rows<Chunk>(run, kept.batch, width);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (std::get<count - 1 - I>(halves_).backward(run, std::get<count - 1 - I>(kept.halves), below.input_gradient,
                                                 chunk),
       ...);
    }
    (std::make_index_sequence<count>{});
  }

 private:
  /// The last half whose rows see each other: behind it only the rows that live are processed.
  static constexpr std::size_t last_mixing = [] {
    constexpr bool mixes[]{Halves::mixes_rows...};
    std::size_t last = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (mixes[i]) { last = i; }
    }
    return last;
  }();
  template <std::size_t I>
  static constexpr live_rows live_of(live_rows live) {
    return mixes_rows && I == last_mixing ? live : live_rows::all;
  }
  template <std::size_t I>
  static constexpr sequence_batch rows_of(sequence_batch const& batch, live_rows live) {
    return mixes_rows && I > last_mixing ? live_part(batch, live) : batch;
  }

  all_halves halves_;
};

}  // namespace slimfit
