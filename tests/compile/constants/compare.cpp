// SPDX-License-Identifier: MIT
// Compiles where the compiler finds the numbers that print.cpp has printed. nvcc compiles it once for the host and once
// for the device, by front ends of their own.
#include "constants.hpp"
#include "expected.hpp"

namespace constants {

/// Its arguments are part of the message.
template <std::size_t Plan, std::size_t Number, index_t Found, index_t Expected>
struct same_number {
  static_assert(Found == Expected, "a constant differs: number Number of the plan Plan in constants.hpp");
};
template <std::size_t Plan>
constexpr bool same_plan() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (sizeof(same_number<Plan, I, plan_numbers<Plan>[I], expected::plans[Plan][I]>) + ...) > 0;
  }
  (std::make_index_sequence<std::tuple_size_v<numbers>>{});
}
static_assert([]<std::size_t... I>(std::index_sequence<I...>) {
  return (same_plan<I>() && ...);
}(std::make_index_sequence<plan_count>{}));

template <index_t Budget, std::size_t Found, std::size_t Expected>
struct same_choice {
  static_assert(Found == Expected, "a choice differs: what fits Budget");
};
template <std::size_t I>
using choice_of = same_choice<
    expected::choices_at[I].budget,
    detail::search_of<choices>::type::find<choosing_model, adamw, choice_batch, expected::choices_at[I].budget>(),
    expected::choices_at[I].chosen>;
static_assert([]<std::size_t... I>(std::index_sequence<I...>) {
  return (sizeof(choice_of<I>) + ...) > 0;
}(std::make_index_sequence<2 * choice_count>{}));

static_assert([] {
  for (std::size_t i = 0; i < measured::count; ++i) {
    if (measured::order[i] != expected::order[i]) { return false; }
  }
  return true;
}());
static_assert(slimfit::bit_cast<std::uint32_t>(codebook.levels[0]) == expected::codebook[0]);
static_assert(slimfit::bit_cast<std::uint32_t>(codebook.levels[1]) == expected::codebook[1]);
static_assert(slimfit::bit_cast<std::uint32_t>(codebook.thresholds[0]) == expected::codebook[2]);
}  // namespace constants
