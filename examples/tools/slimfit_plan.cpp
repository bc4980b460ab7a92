// SPDX-License-Identifier: MIT
// slimfit-plan: the memory of training named models, without training them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

#include "../support/moments.hpp"
#include "../support/option_checks.hpp"
#include "budget.hpp"
#include "memory_tables.hpp"
#include "plan_record.hpp"
#include "plan_rows.hpp"
#include "table.hpp"
#include "usual_model.hpp"

namespace {

using namespace examples;
using slimfit::category;

struct options {
  std::vector<std::string> models{usual_model(names_of(all_models{}))};
  std::vector<index_t> tokens;
  std::vector<index_t> batches{32};
  std::vector<std::string> scalars{"float"};
  std::vector<std::string> policies{"all"};
  std::vector<double> rates;
  int holders = 0;  ///< how many to show; 0: other things are asked for
  bool xray = false;
  std::string trace;
  std::uint64_t budget = 0;  ///< 0: other things are asked for
  double time = std::numeric_limits<double>::infinity();
  std::vector<std::string> moments{"float32"};
  bool json = false;
};

options parse(int argc, char** argv) {
  options chosen;
  CLI::App app{
      "Plans the memory of training: bytes by category, what is stored for the backward pass, temporary memory and the "
      "peak, as bounds over every choice of active units. Options up to --rate can be repeated. --xray, --holders and "
      "--trace show a single step in full, in which those units are active that store most."};
  auto const or_all = [](std::vector<std::string> names) {
    names.insert(names.begin(), "all");
    return CLI::IsMember(names);
  };
  app.add_option("--model", chosen.models, "Names of models, or all")
      ->check(or_all(names_of(all_models{})))
      ->capture_default_str();
  app.add_option("--tokens", chosen.tokens, "Tokens of a sequence; without it what each model has")
      ->check(checks::whole_number(1, checks::most_tokens));
  app.add_option("--batch", chosen.batches, "Sequences per step")
      ->check(checks::whole_number(1, checks::most_of_a_batch))
      ->capture_default_str();
  app.add_option("--scalar", chosen.scalars, "Type of weights and dense activations: float, bf16, or all")
      ->check(or_all({"float", "bf16"}))
      ->capture_default_str();
  app.add_option("--policy", chosen.policies, "Names of presets, or all")
      ->check(or_all(names_of(all_policies{})))
      ->capture_default_str();
  app.add_option("--rate", chosen.rates,
                 "Percent of the units that each step freezes; without it 0 for eager and exact presets, 95 for others")
      ->check(checks::percentage());
  app.add_flag("--xray", chosen.xray, "What is kept for the backward pass: where, what, in which form, why");
  app.add_flag("--holders{15}", chosen.holders, "Who holds how much at the peak, the largest 15 or --holders=N")
      ->check(checks::whole_number(0, checks::most_samples));
  app.add_option("--trace", chosen.trace,
                 "File for the memory of one step as a Chrome trace, with event numbers for time: ui.perfetto.dev");
  auto* const budget =
      app.add_option(
             "--budget", chosen.budget,
             "Bytes that the device has, e.g. 8GiB: which policy and freezing rate fit, and which of them is best; "
             "--policy and --rate are not looked at")
          ->transform(checks::bytes());
  app.add_option("--time", chosen.time,
                 "With --budget: the most time that a step may take, of eager's with nothing frozen, e.g. 1.1")
      ->check(checks::positive_to(1e6))
      ->needs(budget);
  app.add_option("--moments", chosen.moments,
                 "How AdamW's moments are kept: float32, 8bit (per block of 256), either with -dropped (none of frozen "
                 "units), or all")
      ->check(or_all(moments_names()))
      ->capture_default_str();
  app.add_flag("--json", chosen.json, "Print an array of objects, bytes in full");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& problem) { std::exit(app.exit(problem)); }
  auto const expand = [](std::vector<std::string>& names, std::vector<std::string> const& all) {
    if (std::find(names.begin(), names.end(), "all") != names.end()) { names = all; }
  };
  expand(chosen.models, names_of(all_models{}));
  expand(chosen.scalars, {"float", "bf16"});
  expand(chosen.policies, names_of(all_policies{}));
  expand(chosen.moments, moments_names());
  if (chosen.tokens.empty()) { chosen.tokens = {0}; }
  if (chosen.rates.empty()) { chosen.rates = {-1}; }
  return chosen;
}

std::vector<plan_request> requests(options const& chosen) {
  std::vector<plan_request> all;
  for (auto const& model : chosen.models) {
    for (auto const tokens : chosen.tokens) {
      for (auto const batch : chosen.batches) {
        for (auto const& scalar : chosen.scalars) {
          for (auto const& policy : chosen.policies) {
            for (auto const rate : chosen.rates) {
              for (auto const& moments : chosen.moments) {
                all.push_back({model, policy, scalar, tokens, batch, rate, moments});
              }
            }
          }
        }
      }
    }
  }
  return all;
}

std::vector<plan_row> plan_all(options const& chosen) {
  std::vector<plan_row> rows;
  for (auto const& request : requests(chosen)) {
    rows.push_back(
        with_name<plan_row>(all_models{}, request.model, [&]<class Entry>() { return plan_model<Entry>(request); }));
  }
  return rows;
}

nlohmann::json steps_json(options const& chosen, std::vector<plan_record> const& steps) {
  auto array = nlohmann::json::array();
  for (auto const& step : steps) {
    auto const& request = step.request;
    auto active = nlohmann::json::array();
    for (std::size_t unit = 0; unit < step.unit_names.size(); ++unit) {
      if (step.active.test(static_cast<index_t>(unit))) { active.push_back(step.unit_names[unit]); }
    }
    nlohmann::json object{{"model", request.model},   {"tokens", request.tokens},    {"batch", request.batch},
                          {"scalar", request.scalar}, {"policy", request.policy},    {"rate", request.rate},
                          {"active", active},         {"stored", step.usage.stored}, {"peak", step.usage.peak()}};
    if (chosen.xray) { object["kept"] = xray_json(step.events, step.unit_names); }
    if (chosen.holders > 0) { object["holders"] = holders_json(step.events); }
    array.push_back(std::move(object));
  }
  return array;
}

/// Explains which policy is best for the budget.
void show_choices(options chosen) {
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

/// Shows steps in full.
void show_steps(options const& chosen) {
  auto const all = requests(chosen);
  if (!chosen.trace.empty() && all.size() != 1) {
    throw slimfit::usage_error("--trace: " + std::to_string(all.size()) +
                               " steps, expected one: name one model, policy, rate, batch and so on");
  }
  std::vector<plan_record> steps;
  for (auto const& request : all) {
    steps.push_back(with_name<plan_record>(all_models{}, request.model,
                                           [&]<class Entry>() { return record_plan<Entry>(request); }));
  }
  if (!chosen.trace.empty()) { save_trace(chosen.trace, steps.front().events, slimfit::trace_time::counted); }
  if (chosen.json) {
    std::cout << steps_json(chosen, steps).dump(2) << '\n';
    return;
  }
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
      print_table(rows);
    }
  } catch (std::exception const& problem) {
    std::cerr << "slimfit-plan: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
