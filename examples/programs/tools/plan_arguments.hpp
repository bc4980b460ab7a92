// SPDX-License-Identifier: MIT
// Options of slimfit-plan, and the plans that they ask for.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <slimfit/communication/batch_share.hpp>
#include <slimfit/core/error.hpp>
#include <string>
#include <vector>

#include "../support/moments.hpp"
#include "../support/option_checks.hpp"
#include "own_options.hpp"
#include "plan_rows.hpp"
#include "usual_model.hpp"

namespace examples {

struct plan_arguments {
  std::vector<std::string> models{usual_model(names_of(all_models{}))};
  std::vector<index_t> tokens;
  std::vector<index_t> batches{32};
  std::vector<std::string> scalars{"float"};
  std::vector<std::string> policies;
  std::vector<double> rates;
  int holders = 0;  ///< how many to show; 0: other things are asked for
  bool xray = false;
  std::string trace;
  std::uint64_t budget = 0;  ///< 0: other things are asked for
  double time = std::numeric_limits<double>::infinity();
  std::vector<std::string> moments{"float32"};
  int ranks = 1;
  bool json = false;
  own_options own;
};

/// The names of presets in a line.
inline std::string preset_names() {
  std::string names = "all";
  for (auto const& each : names_of(all_policies{})) { names += ", " + each; }
  return names;
}

/// Checks names of policies: presets, and with a header of one's own any.
/// @throws slimfit::value_error
inline void check_policies(plan_arguments const& chosen) {
  auto const known = names_of(all_policies{});
  for (auto const& policy : chosen.policies) {
    if (chosen.own.policy_header.empty() && std::find(known.begin(), known.end(), policy) == known.end()) {
      throw slimfit::value_error(
          slimfit::mismatch("--policy", policy, preset_names() + ", or with --policy-header a type of that header"));
    }
  }
}

inline plan_arguments parse(int argc, char** argv) {
  plan_arguments chosen;
  CLI::App app{
      "Plans the memory of training: bytes by category, what is stored for the backward pass, temporary memory and the "
      "peak, as bounds over every choice of active units. Options up to --rate can be repeated. --xray, --holders and "
      "--trace show a single step in full, in which those units are active that store most."};
  auto const or_all = [](std::vector<std::string> names) {
    names.insert(names.begin(), "all");
    return CLI::IsMember(names);
  };
  auto* const models = app.add_option("--model", chosen.models, "Names of models, or all")
                           ->check(or_all(names_of(all_models{})))
                           ->capture_default_str();
  app.add_option("--tokens", chosen.tokens, "Tokens of a sequence; without it what each model has")
      ->check(checks::whole_number(1, checks::most_tokens));
  app.add_option("--batch", chosen.batches, "Sequences per step, of all ranks together")
      ->check(checks::whole_number(1, checks::most_of_a_batch))
      ->capture_default_str();
  app.add_option("--scalar", chosen.scalars, "Type of weights and dense activations: float, bf16, or all")
      ->check(or_all({"float", "bf16"}))
      ->capture_default_str();
  app.add_option(
      "--policy", chosen.policies,
      "Names of presets, or all, which is the default but for a model of your own (slim): " + preset_names());
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
  app.add_option("--ranks", chosen.ranks,
                 "Ranks that train together: planned is the one with the largest part of the batch, and the memory in "
                 "which their gradients meet")
      ->check(checks::whole_number(1, checks::most_of_a_batch))
      ->capture_default_str()
      ->excludes(budget);
  app.add_flag("--json", chosen.json, "Print an array of objects, bytes in full");
  add_own_options(app, models, chosen.own);
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& problem) { std::exit(app.exit(problem)); }
  auto const expand = [](std::vector<std::string>& names, std::vector<std::string> const& all) {
    if (std::find(names.begin(), names.end(), "all") != names.end()) { names = all; }
  };
  if (chosen.own.has_shape()) { chosen.models = {own_name}; }
  if (chosen.policies.empty()) { chosen.policies = {chosen.own.has_shape() ? "slim" : "all"}; }
  expand(chosen.models, names_of(all_models{}));
  expand(chosen.scalars, {"float", "bf16"});
  expand(chosen.policies, names_of(all_policies{}));
  expand(chosen.moments, moments_names());
  if (chosen.tokens.empty()) { chosen.tokens = {0}; }
  if (chosen.rates.empty()) { chosen.rates = {-1}; }
  return chosen;
}

/// @throws slimfit::value_error where a batch does not go round
inline std::vector<plan_request> requests(plan_arguments const& chosen) {
  std::vector<plan_request> found;
  for (auto const& model : chosen.models) {
    for (auto const tokens : chosen.tokens) {
      for (auto const all : chosen.batches) {
        auto const batch = slimfit::share_of_batch(all, 0, chosen.ranks).count;
        if (all < chosen.ranks) {
          throw slimfit::value_error(slimfit::mismatch(
              "--batch", all, "at least " + std::to_string(chosen.ranks) + ", a sequence of each rank"));
        }
        for (auto const& scalar : chosen.scalars) {
          for (auto const& policy : chosen.policies) {
            for (auto const rate : chosen.rates) {
              for (auto const& moments : chosen.moments) {
                found.push_back({model, policy, scalar, tokens, batch, rate, moments, chosen.ranks});
              }
            }
          }
        }
      }
    }
  }
  return found;
}

}  // namespace examples
