// SPDX-License-Identifier: MIT
// slimfit-plan: the memory of training models, without training them.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "budget.hpp"
#include "memory_tables.hpp"
#include "plan_arguments.hpp"
#include "plan_record.hpp"
#include "table.hpp"

namespace {

using namespace examples;
using slimfit::category;

/// The plan of a request that this program was not compiled for; nothing for others.
std::optional<own_plan> own_plan_of(plan_arguments const& chosen, plan_request const& request) {
  if (!chosen.own.has_shape() && chosen.own.policy_header.empty()) { return std::nullopt; }
  auto const shape =
      chosen.own.has_shape()
          ? chosen.own.shape(request.tokens > 0 ? std::optional(request.tokens) : std::nullopt)
          : with_name<own_shape>(all_models{}, request.model, []<class Entry>() { return own_shape(Entry::shape); });
  auto const presets = names_of(all_policies{});
  bool const is_preset = std::find(presets.begin(), presets.end(), request.policy) != presets.end();
  return own_plan(shape, {chosen.own.policy_header, (is_preset ? "slimfit::policy::" : "") + request.policy},
                  request.scalar);
}

std::vector<plan_row> plan_all(plan_arguments const& chosen) {
  std::vector<plan_row> rows;
  for (auto const& request : requests(chosen)) {
    auto const own = own_plan_of(chosen, request);
    rows.push_back(own ? own->row(request) : with_name<plan_row>(all_models{}, request.model, [&]<class Entry>() {
      return plan_model<Entry>(request);
    }));
  }
  return rows;
}

nlohmann::json steps_json(plan_arguments const& chosen, std::vector<plan_record> const& steps) {
  auto array = nlohmann::json::array();
  for (auto const& step : steps) {
    auto const& request = step.request;
    auto active = nlohmann::json::array();
    for (std::size_t unit = 0; unit < step.unit_names.size(); ++unit) {
      if (step.active.test(static_cast<index_t>(unit))) { active.push_back(step.unit_names[unit]); }
    }
    nlohmann::json object{{"model", request.model},   {"tokens", request.tokens}, {"batch", request.batch},
                          {"scalar", request.scalar}, {"policy", request.policy}, {"rate", request.rate},
                          {"ranks", request.ranks},   {"active", active},         {"stored", step.usage.stored},
                          {"peak", step.usage.peak()}};
    if (chosen.xray) { object["kept"] = xray_json(step.events, step.unit_names); }
    if (chosen.holders > 0) { object["holders"] = holders_json(step.events); }
    array.push_back(std::move(object));
  }
  return array;
}

/// Explains which policy is best for the budget.
void show_choices(plan_arguments chosen) {
  if (chosen.own.has_shape()) {
    throw slimfit::usage_error(
        "--budget: chooses for models by name; for sizes of your own slimfit::fit does it in a program, and "
        "fit<...>::describe() prints what it chose");
  }
  chosen.policies = {""};
  chosen.rates = {-1};
  auto array = nlohmann::json::array();
  for (auto const& request : requests(chosen)) {
    auto const answer = choose_for_budget(request, static_cast<index_t>(chosen.budget), chosen.time);
    if (chosen.json) {
      array.push_back(budget_json(answer));
    } else {
      print_budget(std::cout, answer);
    }
  }
  if (chosen.json) { std::cout << array.dump(2) << '\n'; }
}

/// What the rows of one of several ranks are.
void print_ranks(int ranks) {
  if (ranks < 2) { return; }
  std::cout << "Of one of " << ranks << " ranks, the one with the largest part of the batch. Gradients of the ranks "
            << "meet in memory that counts as gradients.\n\n";
}

/// Shows steps in full.
void show_steps(plan_arguments const& chosen) {
  auto const all = requests(chosen);
  if (!chosen.trace.empty() && all.size() != 1) {
    throw slimfit::usage_error("--trace: " + std::to_string(all.size()) +
                               " steps, expected one: name one model, policy, rate, batch and so on");
  }
  std::vector<plan_record> steps;
  for (auto const& request : all) {
    auto const own = own_plan_of(chosen, request);
    steps.push_back(own ? own->record(request)
                        : with_name<plan_record>(all_models{}, request.model,
                                                 [&]<class Entry>() { return record_plan<Entry>(request); }));
  }
  if (!chosen.trace.empty()) { save_trace(chosen.trace, steps.front().events, slimfit::trace_time::counted); }
  if (chosen.json) {
    std::cout << steps_json(chosen, steps).dump(2) << '\n';
    return;
  }
  print_ranks(chosen.ranks);
  for (auto const& step : steps) {
    auto const& request = step.request;
    std::cout << request.model << ", " << request.tokens << " tokens, batch " << request.batch << ", " << request.scalar
              << ", policy " << request.policy << ", " << step.active.count() << " of " << step.unit_names.size()
              << " units active: peak " << mebibytes(step.usage.peak()) << " MiB, stored "
              << mebibytes(step.usage.stored) << " MiB\n";
    if (chosen.xray) {
      std::cout << '\n';
      print_xray(std::cout, step.events, step.unit_names);
    }
    if (chosen.holders > 0) {
      std::cout << '\n';
      print_holders(std::cout, step.events, chosen.holders);
    }
  }
}

void print_json(std::vector<plan_row> const& rows) {
  auto array = nlohmann::json::array();
  for (auto const& row : rows) {
    auto const& peaks = row.usage.peak_by_category;
    auto const tokens = static_cast<double>(row.request.batch * row.request.tokens);
    array.push_back({{"model", row.request.model},
                     {"tokens", row.request.tokens},
                     {"batch", row.request.batch},
                     {"scalar", row.request.scalar},
                     {"policy", row.request.policy},
                     {"rate", row.request.rate},
                     {"moments", row.request.moments},
                     {"ranks", row.request.ranks},
                     {"weights", peaks[category::weights]},
                     {"gradients", peaks[category::gradients]},
                     {"optimizer", peaks[category::optimizer]},
                     {"static", row.static_bytes},
                     {"dynamic", row.dynamic_bytes},
                     {"workspace", peaks[category::workspace]},
                     {"data", peaks[category::data]},
                     {"stored", row.usage.stored},
                     {"temporary", row.usage.temporary},
                     {"peak", row.usage.peak()},
                     {"offloaded", row.usage.offloaded},
                     {"stored_eager_float32", tokens * row.eager_float32},
                     {"stored_amp_bf16", tokens * row.amp_bfloat16},
                     {"stored_paper_code", tokens * row.paper_code}});
  }
  std::cout << array.dump(2) << '\n';
}

void print_table(std::vector<plan_row> const& rows) {
  table lines({"model",     "tokens",    "batch",  "scalar",    "policy",    "frozen",      "moments", "weights",
               "gradients", "optimizer", "static", "dynamic",   "workspace", "data",        "stored",  "temporary",
               "peak",      "offloaded", "stored", "eager f32", "AMP bf16",  "paper's code"},
              {0, 3, 4, 6});
  lines.add({"",    "",    "",    "",    "",    "",    "",    "MiB",     "MiB",     "MiB",     "MiB",
             "MiB", "MiB", "MiB", "MiB", "MiB", "MiB", "MiB", "B/token", "B/token", "B/token", "B/token"});
  for (auto const& row : rows) {
    auto const& peaks = row.usage.peak_by_category;
    std::vector<std::string> cells{row.request.model,
                                   std::to_string(row.request.tokens),
                                   std::to_string(row.request.batch),
                                   row.request.scalar,
                                   row.request.policy,
                                   percent_text(row.request.rate),
                                   row.request.moments};
    for (auto const bytes : {peaks[category::weights], peaks[category::gradients], peaks[category::optimizer],
                             row.static_bytes, row.dynamic_bytes, peaks[category::workspace], peaks[category::data],
                             row.usage.stored, row.usage.temporary, row.usage.peak(), row.usage.offloaded}) {
      cells.push_back(mebibytes(bytes));
    }
    for (auto const bytes : {row.per_token(), row.eager_float32, row.amp_bfloat16, row.paper_code}) {
      cells.push_back(fixed(bytes, 0));
    }
    lines.add(std::move(cells));
  }
  lines.print(std::cout);
  std::cout
      << "\nThe four columns on the right are what is stored for the backward pass, per token: by this plan, by\n"
         "eager PyTorch in float32, by PyTorch with mixed precision and fused attention, and by SlimFit's code as\n"
         "published at the same rate. They hold no temporaries; peaks of categories are not at the same moment.\n"
         "What is offloaded lies in the host's memory and is part of no other column.\n";
}

}  // namespace

int main(int argc, char** argv) {
  auto const chosen = parse(argc, argv);
  try {
    check_policies(chosen);
    if (chosen.budget > 0) {
      show_choices(chosen);
      return 0;
    }
    if (chosen.xray || chosen.holders > 0 || !chosen.trace.empty()) {
      show_steps(chosen);
      return 0;
    }
    auto const rows = plan_all(chosen);
    if (chosen.json) {
      print_json(rows);
    } else {
      print_ranks(chosen.ranks);
      print_table(rows);
    }
  } catch (std::exception const& problem) {
    std::cerr << "slimfit-plan: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
