// SPDX-License-Identifier: MIT
// Whether training fits a budget, as an assertion whose error has both numbers.
#pragma once

#include <slimfit/plan/plan.hpp>

namespace slimfit {

/// Most bytes of a plan at any moment.
template <index_t Bytes>
struct planned_bytes {};
template <index_t Bytes>
struct budget_bytes {};

namespace detail {

/// Its template arguments are part of the compiler's message.
template <bool Fits, class Planned, class Budget>
struct checked_fits {
  static_assert(Fits,
                "slimfit: fits<Model, Batch, Budget>: training takes more than the budget. planned_bytes<...> and "
                "budget_bytes<...> in this message have both");
  static constexpr bool value = Fits;
};

template <class Model, index_t Batch>
inline constexpr index_t peak_of_plan = plan<Model>(Batch).peak();

}  // namespace detail

/// `static_assert(fits<model, 128, 6 * GiB>)`: true, or an error that names the bytes. To ask without an error, compare
/// `plan<model>(128).peak()`.
/// @tparam Model  a model, or a trainer, see `plan`
/// @tparam Batch  samples of a step
/// @tparam Budget bytes of the device
template <class Model, index_t Batch, index_t Budget>
inline constexpr bool fits =
    detail::checked_fits<(detail::peak_of_plan<Model, Batch> <= Budget),
                         planned_bytes<detail::peak_of_plan<Model, Batch>>, budget_bytes<Budget>>::value;

}  // namespace slimfit
