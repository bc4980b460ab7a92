// SPDX-License-Identifier: MIT
#include "budget.hpp"

#include <algorithm>
#include <cmath>
#include <slimfit/plan/measured_candidates.hpp>

#include "candidate_peaks.hpp"
#include "table.hpp"

namespace examples {

namespace {

template <class... Candidates>
std::vector<budget_row> rows_of(slimfit::candidates<Candidates...> /*all*/) {
  std::vector<budget_row> rows{{slimfit::words_of(typename Candidates::preset{}), 0, Candidates::rate, 0,
                                Candidates::gradient_error, std::sqrt(Candidates::step_error_squared),
                                Candidates::time}...};
  for (std::size_t i = 0; i < rows.size(); ++i) { rows[i].number = i; }
  return rows;
}

index_t planned_peak(plan_request const& request, budget_row const& row) {
  return with_name<index_t>(all_models{}, request.model,
                            [&]<class Entry>() { return candidate_peak<Entry>(request, row.number); });
}

/// The largest number below `high` with which `peak(number)` fits; 0: none.
template <class Peak>
index_t largest(index_t high, index_t budget, Peak const& peak) {
  index_t low = 0;
  while (high - low > 1) {
    index_t const middle = (low + high) / 2;
    (peak(middle) <= budget ? low : high) = middle;
  }
  return low;
}

/// What would help `smallest`.
std::vector<budget_remedy> remedies_of(plan_request const& request, index_t budget, budget_row const& smallest) {
  std::vector<budget_remedy> remedies;
  auto const peak_of_batch = [&](index_t batch) {
    auto smaller = request;
    smaller.batch = batch;
    return planned_peak(smaller, smallest);
  };
  auto const batch = std::max<index_t>(largest(request.batch, budget, peak_of_batch), 1);
  if (batch < request.batch) {
    remedies.push_back(
        {"batches of " + std::to_string(batch) + " instead of " + std::to_string(request.batch), peak_of_batch(batch)});
  }
  if (request.scalar != "bf16") {
    auto half = request;
    half.scalar = "bf16";
    remedies.push_back({"weights and dense activations in bf16", planned_peak(half, smallest)});
  }
  if (!request.moments.starts_with("8bit")) {
    auto coded = request;
    coded.moments = "8bit" + request.moments.substr(std::string("float32").size());
    remedies.push_back({"moments in 8 bits (moments::bits8)", planned_peak(coded, smallest)});
  }
  auto const fits = [&](budget_remedy const& each) { return each.peak <= budget; };
  std::stable_partition(remedies.begin(), remedies.end(), fits);
  return remedies;
}

}  // namespace

budget_answer choose_for_budget(plan_request const& request, index_t budget, double most_time) {
  budget_answer answer;
  answer.request = request;
  answer.budget = budget;
  answer.rows = rows_of(slimfit::candidates_of<slimfit::measured_choices>{});
  auto const quickest = std::min_element(answer.rows.begin(), answer.rows.end(), [](auto const& a, auto const& b) {
                          return a.time < b.time;
                        })->time;
  std::erase_if(answer.rows, [&](budget_row const& row) { return row.time > most_time; });
  if (answer.rows.empty()) {
    throw slimfit::value_error(slimfit::mismatch(
        "--time", fixed(most_time, 2), "at least " + fixed(quickest, 2) + ", which the quickest candidate takes"));
  }
  for (auto& row : answer.rows) { row.peak = planned_peak(request, row); }
  std::stable_sort(answer.rows.begin(), answer.rows.end(), [](budget_row const& a, budget_row const& b) {
    return a.step_error < b.step_error || (a.step_error == b.step_error && a.time < b.time);
  });
  auto const found =
      std::find_if(answer.rows.begin(), answer.rows.end(), [&](budget_row const& row) { return row.peak <= budget; });
  if (found != answer.rows.end()) {
    answer.chosen = static_cast<int>(found - answer.rows.begin());
  } else {
    auto const smallest = std::min_element(answer.rows.begin(), answer.rows.end(),
                                           [](budget_row const& a, budget_row const& b) { return a.peak < b.peak; });
    answer.remedies = remedies_of(request, budget, *smallest);
  }
  return answer;
}

void print_budget(std::ostream& out, budget_answer const& answer) {
  auto const& request = answer.request;
  out << request.model << ", batch " << request.batch << ", " << request.scalar << ", budget "
      << mebibytes(answer.budget) << " MiB\n\n";
  auto const smallest = std::min_element(answer.rows.begin(), answer.rows.end(),
                                         [](budget_row const& a, budget_row const& b) { return a.peak < b.peak; });
  // The best ones that do not fit, what is chosen, and what comes after it.
  constexpr std::ptrdiff_t around = 8;
  auto const count = static_cast<std::ptrdiff_t>(answer.rows.size());
  auto const centre = answer.chosen >= 0 ? answer.chosen : smallest - answer.rows.begin();
  auto const first = std::max<std::ptrdiff_t>(0, std::min(centre - around, count - 2 * around - 1));
  auto const last = std::min(count, first + 2 * around + 1);
  table lines({"policy", "frozen", "peak MiB", "gradients' error", "error of a step", "time", ""}, {0, 6});
  for (auto i = first; i < last; ++i) {
    auto const& row = answer.rows[static_cast<std::size_t>(i)];
    lines.add({row.policy.text, percent_text(row.rate), mebibytes(row.peak), fixed(100 * row.gradient_error, 2) + " %",
               fixed(100 * row.step_error, 1) + " %", fixed(row.time, 2),
               i == answer.chosen ? "chosen" : (row.peak <= answer.budget ? "fits" : "")});
  }
  lines.print(out);
  out << '\n'
      << first << " candidates with less error and " << count - last
      << " with more are not shown; --json has all. The error of a\n"
         "step is its distance from one that updates everything exactly: what is frozen is missing whole. Time is "
         "that\n"
         "of a step, of eager's with nothing frozen.\n\n";
  if (answer.chosen >= 0) {
    auto const& row = answer.rows[static_cast<std::size_t>(answer.chosen)];
    out << "Chosen: " << row.policy.text << ", " << percent_text(row.rate)
        << " frozen. Of those that fit its steps have the least error; " << mebibytes(answer.budget - row.peak)
        << " MiB are left. In C++:\n  " << row.policy.code << '\n';
    return;
  }
  out << "None fits. The smallest, " << smallest->policy.text << " with " << percent_text(smallest->rate)
      << " frozen, takes " << mebibytes(smallest->peak - answer.budget) << " MiB too much. With it:\n";
  for (auto const& each : answer.remedies) {
    out << "  " << each.change << ": peak " << mebibytes(each.peak) << " MiB, "
        << (each.peak <= answer.budget ? "fits"
                                       : "alone not enough, " + mebibytes(each.peak - answer.budget) + " MiB too much")
        << '\n';
  }
}

nlohmann::json budget_json(budget_answer const& answer) {
  auto rows = nlohmann::json::array();
  for (auto const& row : answer.rows) {
    rows.push_back({{"policy", row.policy.text},
                    {"type", row.policy.code},
                    {"rate", row.rate},
                    {"peak", row.peak},
                    {"gradient_error", row.gradient_error},
                    {"step_error", row.step_error},
                    {"time", row.time},
                    {"fits", row.peak <= answer.budget}});
  }
  auto remedies = nlohmann::json::array();
  for (auto const& each : answer.remedies) {
    remedies.push_back({{"change", each.change}, {"peak", each.peak}, {"fits", each.peak <= answer.budget}});
  }
  nlohmann::json object{{"model", answer.request.model},
                        {"batch", answer.request.batch},
                        {"scalar", answer.request.scalar},
                        {"budget", answer.budget},
                        {"candidates", rows},
                        {"remedies", remedies}};
  if (answer.request.tokens > 0) { object["tokens"] = answer.request.tokens; }
  object["chosen"] = answer.chosen >= 0 ? rows.at(static_cast<std::size_t>(answer.chosen)) : nlohmann::json();
  return object;
}

}  // namespace examples
