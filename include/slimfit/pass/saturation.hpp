// SPDX-License-Identifier: MIT
// Saves rows through stashes and, where someone asked for it, counts the values that their formats clip: per operator
// and layer. Whoever does not ask pays nothing, neither memory nor launches.
#pragma once

#include <array>

#include <slimfit/pass/context.hpp>
#include <slimfit/stash/matrix_stash.hpp>

namespace slimfit {

/// Names as in reports.
inline constexpr std::array<char const*, saturated_matrix_count> saturated_matrix_names{"input", "gelu",  "query",
                                                                                        "key",   "value", "normalized"};

/// Counters that a model with `parameters` parameters has: every kind of matrix at the position of every weight.
constexpr index_t saturation_counters(index_t parameters) { return parameters * saturated_matrix_count; }

/// A counter's matrix; outside a model nobody counts.
using saturation_place = matrix_place;

/// Calls `save(view)`, which must save `rows` rows through the view, with the view of `kept` that holds in this step,
/// and adds what its format clips to the counter of `place`.
template <class Context, class Kept, class Save>
constexpr void save_counted(Context& run, Kept const& kept, index_t rows, matrix_place place, Save const& save) {
  if constexpr (stash::counts_saturation<Kept>) {
    // As much memory in every state of the unit: a plan's bound adds up parts of different states.
    bool const counts = run.saturation.wanted && place.position >= 0;
    auto const counted = run.template scratch<std::int32_t>(counts ? rows : 0);
    kept.visit([&](auto const& form) {
      if constexpr (stash::counts_saturation<std::remove_cvref_t<decltype(form)>>) {
        if (counts) {
          save(form.counting(counted.data()));
          run.launch(1, kernels::add_saturation{counted.data(), rows, form.coded_values,
                                                advance(run.saturation.counters, place.counter())});
          return;
        }
      }
      save(form);
    });
  } else {
    kept.visit(save);
  }
}

}  // namespace slimfit
