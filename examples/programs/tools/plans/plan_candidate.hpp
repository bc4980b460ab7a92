// SPDX-License-Identifier: MIT
// How a candidate is planned; the files beside this one instantiate it, one per model.
#pragma once

#include <array>
#include <slimfit/backend/host.hpp>
#include <slimfit/plan/measured_candidates.hpp>
#include <slimfit/plan/plan.hpp>

#include "../../support/moments.hpp"
#include "../candidate_peaks.hpp"

namespace examples {

namespace detail {

/// Candidates that differ in nothing but their rates share one.
template <class Model>
index_t peak_at_rate(plan_request const& request, double rate) {
  index_t const active = Model::units - slimfit::freezing::run_time_rate(rate).frozen(Model::units, 0);
  return slimfit::memory_plan<Model, chosen_adamw>(request.batch, request.tokens, adamw_with(request.moments))
      .bound(active)
      .peak();
}

template <class Entry, class T, class... Candidates>
index_t peak_of(plan_request const& request, std::size_t number, slimfit::candidates<Candidates...> /*all*/) {
  using planner = index_t (*)(plan_request const&, double);
  static constexpr std::array<planner, sizeof...(Candidates)> planners{
      &peak_at_rate<typename Entry::template model<typename Candidates::preset, slimfit::host, T>>...};
  static constexpr std::array<double, sizeof...(Candidates)> rates{Candidates::rate...};
  return planners.at(number)(request, rates.at(number));
}

}  // namespace detail

template <class Entry>
index_t candidate_peak(plan_request const& request, std::size_t number) {
  auto filled = request;
  if (filled.tokens == 0) { filled.tokens = Entry::tokens; }
  slimfit::candidates_of<slimfit::measured_choices> const all;
  return request.scalar == "bf16" ? detail::peak_of<Entry, slimfit::bf16>(filled, number, all)
                                  : detail::peak_of<Entry, float>(filled, number, all);
}

}  // namespace examples
