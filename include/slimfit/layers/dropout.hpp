// SPDX-License-Identifier: MIT
// Dropout inside layers (Srivastava et al. 2014). Nothing is kept for it: the backward pass draws the same factors
// again, from the place, the iteration and the element's number.
#pragma once

#include <slimfit/core/percent.hpp>
#include <slimfit/kernels/dropout.hpp>
#include <slimfit/pass/context.hpp>

namespace slimfit {

/// Where a transformer drops, and how much of it.
/// @tparam Hidden    of what is added to the residual stream, of the embeddings and of what a classifier reads
/// @tparam Attention of the values that attention weighs. The paper's choice: dropping probabilities, as BERT's
///                   authors do, would need a number for every pair of tokens.
template <ratio Hidden, ratio Attention>
struct dropout_rates {
  using hidden = Hidden;
  using attention = Attention;
};
using no_dropout = dropout_rates<percent<0>, percent<0>>;

/// Rows of a matrix of `Width` columns, each element dropped with probability `Rate`.
/// @tparam Rate e.g. `percent<10>`; of `percent<0>` nothing is left at run time
template <int Width, class Rate, scalar T>
class dropout {
 public:
  static constexpr bool exists = Rate::numerator > 0;

  /// @param position of a parameter of the layer: tells its factors from those of others
  constexpr dropout(int position, row_numbers const& rows) : position_(position), rows_(rows) {}

  /// Whether elements are dropped in this pass.
  template <class Context>
  [[nodiscard]] static constexpr bool happens(Context const& run) {
    return exists && run.drops;
  }
  /// `output = input * factors`; `output` may be `input`. Only where it happens.
  template <class Context>
  constexpr void apply(Context& run, T const* input, index_t rows, T* output) const {
    if constexpr (exists) { run.launch(rows, kernels::dropout<Width, T, Rate>{input, output, stream(run), rows_}); }
  }
  /// In place, where it happens.
  template <class Context>
  constexpr void apply(Context& run, T* data, index_t rows) const {
    if (happens(run)) { apply(run, data, rows, data); }
  }
  /// `output = addend + input * factors`; `output` may be `addend`.
  template <class Context>
  constexpr void apply_to(Context& run, T const* input, index_t rows, T const* addend, T* output) const {
    if constexpr (exists) {
      run.launch(rows, kernels::add_dropped<Width, T, Rate>{input, addend, output, stream(run), rows_});
    }
  }

  template <class Context>
  [[nodiscard]] constexpr random_stream stream(Context const& run) const {
    constexpr std::uint32_t places = 0x40000000U;  // apart from those of optimizers and schedules
    return run.random(places + static_cast<std::uint32_t>(position_));
  }
  [[nodiscard]] constexpr row_numbers const& rows() const { return rows_; }

 private:
  int position_;
  row_numbers rows_;
};

/// Rows that are restored by `Source` and then dropped from, as the forward pass did.
template <int Width, class Rate, class Source>
struct dropped_rows {
  static constexpr bool restores = true;

  Source source;
  random_stream stream;
  row_numbers rows;

  template <lane_group Group>
  SLIMFIT_HD auto restore(Group group, index_t row) const {
    auto const values = source.restore(group, row);
    using value_type = std::remove_cvref_t<decltype(values.values[0])>;
    auto const factors = kernels::dropout_factors<value_type, Width, Rate>(group, stream, rows.of(row));
    return map([](auto x, auto f) { return x * f; }, values, factors);
  }
  template <class Body>
  constexpr void visit(Body const& body) const {
    body(*this);
  }
};

}  // namespace slimfit
