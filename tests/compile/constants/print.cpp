// SPDX-License-Identifier: MIT
// Prints the numbers of constants.hpp, as its compiler found them, as a header.
#include "constants.hpp"

#include <bit>
#include <cstdio>

using namespace constants;

namespace {

void print_plan(numbers const& plan) {
  std::printf("    {");
  for (auto const each : plan) { std::printf("%lld, ", static_cast<long long>(each)); }
  std::printf("},\n");
}

template <std::size_t... I>
void print_plans(std::index_sequence<I...> /*plans*/) {
  std::printf("inline constexpr numbers plans[]{\n");
  (print_plan(plan_numbers<I>), ...);
  std::printf("};\n");
}

template <class... Candidates>
void print_choices(candidates<Candidates...> /*all*/) {
  constexpr index_t peaks[]{detail::candidate_peak<choosing_model, Candidates, adamw, choice_batch>...};
  double const errors[]{Candidates::step_error_squared...};
  std::printf("struct choice {\n  slimfit::index_t budget;\n  std::size_t chosen;\n};\n");
  std::printf("inline constexpr choice choices_at[]{\n");
  for (auto const peak : peaks) {
    for (index_t const budget : {peak, peak - 1}) {
      std::size_t chosen = choice_count;
      for (std::size_t i = 0; i < choice_count; ++i) {
        bool const fits = peaks[i] <= budget;
        if (fits && (chosen == choice_count || errors[i] < errors[chosen])) { chosen = i; }
      }
      std::printf("    {%lld, %zu},\n", static_cast<long long>(budget), chosen);
    }
  }
  std::printf("};\n");
}

}  // namespace

int main() {
  std::printf("#pragma once\n#include \"constants.hpp\"\nnamespace constants::expected {\n");
  print_plans(std::make_index_sequence<plan_count>{});
  print_choices(choices{});
  std::printf("inline constexpr std::size_t order[]{");
  for (auto const each : measured::order) { std::printf("%zu, ", each); }
  std::printf("};\ninline constexpr std::uint32_t codebook[]{%u, %u, %u};\n",
              std::bit_cast<std::uint32_t>(codebook.levels[0]), std::bit_cast<std::uint32_t>(codebook.levels[1]),
              std::bit_cast<std::uint32_t>(codebook.thresholds[0]));
  std::printf("}\n");
}
