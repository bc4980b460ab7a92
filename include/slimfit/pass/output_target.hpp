// SPDX-License-Identifier: MIT
// Where a layer's output is computed: on the tape when it is kept there as it is, otherwise in scratch memory.
#pragma once

#include <slimfit/pass/context.hpp>
#include <slimfit/stash.hpp>

namespace slimfit {

namespace detail {
template <class View>
inline constexpr bool is_dense_view = false;
template <scalar T, int Width>
inline constexpr bool is_dense_view<stash::dense::kept<T, Width>> = true;

/// The dense matrix that a view writes, or null.
template <scalar T, class View>
constexpr T* tape_matrix(View const& view) {
  if constexpr (is_dense_view<View>) {
    return view.owned.data;
  } else if constexpr (stash::activation_view<View>) {
    if constexpr (requires { view.input; }) { return tape_matrix<T>(view.input); }
  }
  return nullptr;
}
template <class View>
constexpr bool writes_tape_matrix() {
  if constexpr (is_dense_view<View>) {
    return true;
  } else if constexpr (stash::activation_view<View>) {
    if constexpr (requires(View const& view) { view.input; }) {
      return is_dense_view<std::remove_cvref_t<decltype(View::input)>>;
    }
  }
  return false;
}
}  // namespace detail

/// Memory for `count` elements: that of `kept` where it is dense, scratch where it is not.
template <scalar T>
class output_target {
 public:
  template <class Context, class Kept>
  constexpr output_target(Context& run, Kept const& kept, index_t count)
      : scratch_(run.memory, is_dense(kept) ? 0 : count), data_(scratch_.data()) {
    kept.visit([&](auto const& view) {
      if constexpr (detail::writes_tape_matrix<std::remove_cvref_t<decltype(view)>>()) {
        data_ = detail::tape_matrix<T>(view);
      }
    });
  }

  [[nodiscard]] constexpr T* data() const { return data_; }

  /// Whether `kept` holds its matrix as it was computed.
  template <class Kept>
  [[nodiscard]] static constexpr bool is_dense(Kept const& kept) {
    return kept.visit(
        [](auto const& view) { return detail::writes_tape_matrix<std::remove_cvref_t<decltype(view)>>(); });
  }

 private:
  scratch_buffer<T> scratch_;
  T* data_;
};

}  // namespace slimfit
