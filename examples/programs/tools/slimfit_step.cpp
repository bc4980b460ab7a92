// SPDX-License-Identifier: MIT
// slimfit-step: time and memory of training steps of a named model on random data.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "../support/command_line.hpp"
#include "../support/command_ranks.hpp"
#include "../support/option_checks.hpp"
#include "../support/products.hpp"
#include "../support/traffic_line.hpp"
#include "compiled_steps.hpp"
#include "memory_tables.hpp"
#include "table.hpp"
#include "usual_model.hpp"

namespace {

using namespace examples;
using slimfit::category_names;

struct options {
  step_request request;
  int holders = 0;  ///< how many to show
  std::string trace;
  bool json = false;
};

options parse(int argc, char** argv) {
  options chosen;
  auto& request = chosen.request;
  CLI::App app{
      "Trains a named model on random data and reports the seconds of a step, its memory by the ledger, by the plan "
      "and by the system or the device, and on the host the time of its matrix products alone."};
  auto const models = compiled_names(&compiled_step::model);
  request.model = usual_model(models);
  app.add_option("--model", request.model, "Name of the model")->check(CLI::IsMember(models))->capture_default_str();
  app.add_option("--policy", request.policy, "Name of the preset")
      ->check(CLI::IsMember(compiled_names(&compiled_step::policy)))
      ->capture_default_str();
  app.add_option("--backend", request.backend, "Where to train. `cuda` is there in a build with SLIMFIT_CUDA")
      ->check(CLI::IsMember({"host", "cuda"}))
      ->capture_default_str();
  app.add_option("--scalar", request.scalar,
                 "Numbers of weights and activations. `bf16` is there in a build with SLIMFIT_SCALARS=\"float;bf16\"")
      ->check(CLI::IsMember({"float", "bf16"}))
      ->capture_default_str();
  app.add_option("--rate", request.rate,
                 "Percent of the units that each step freezes; without it 0 for eager and exact presets, 95 for others")
      ->check(checks::percentage());
  app.add_option("--batch", request.batch, "Sequences per step")
      ->check(checks::whole_number(1, checks::most_of_a_batch))
      ->capture_default_str();
  app.add_option("--steps", request.steps, "Steps to measure; one more runs before them, on CUDA two")
      ->check(checks::whole_number(1, checks::most_steps))
      ->capture_default_str();
  app.add_option("--threads", request.threads, "Of the host backend; 0: as many as the machine has")
      ->check(checks::whole_number(0, checks::most_threads))
      ->capture_default_str();
  app.add_flag("--hold", request.hold, "Draw the active units once at random and keep them in all steps");
  auto* const graph =
      app.add_flag("--graph", request.graph, "Record the step as a CUDA graph and replay it; --hold is implied");
  auto* const holders = app.add_flag("--holders{15}", chosen.holders,
                                     "Who held how much at the peak of one more step, the largest 15 or --holders=N")
                            ->check(checks::whole_number(0, checks::most_samples));
  auto* const trace = app.add_option(
      "--trace", chosen.trace, "File for the memory of one more step over time as a Chrome trace: ui.perfetto.dev");
  graph->excludes(holders)->excludes(trace);  // a replayed step takes no memory anew
  app.add_flag("--json", chosen.json, "Print an object, bytes in full");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& problem) { exit_by(app, problem); }
  request.record = chosen.holders > 0 || !chosen.trace.empty();
  request.hold = request.hold || request.graph;
  return chosen;
}

struct spread {
  double median;
  double least;
  double most;

  explicit spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    std::size_t const half = values.size() / 2;
    median = values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
    least = values.front();
    most = values.back();
  }
};

std::vector<double> each(std::vector<step_time> const& times, double step_time::*which) {
  std::vector<double> values;
  for (auto const& time : times) { values.push_back(time.*which); }
  return values;
}
/// Steps' time over that of their products.
double ratio(step_measurement const& result, double step_time::*which) {
  auto const total = [&](std::vector<step_time> const& times) {
    auto const values = each(times, which);
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  return total(result.steps) / total(result.products);
}

nlohmann::json json_of(slimfit::memory_usage const& usage) {
  nlohmann::json object;
  for (std::size_t i = 0; i < category_names.size(); ++i) {
    object[category_names[i]] = usage.peak_by_category.by_category[i];
  }
  object["stored"] = usage.stored;
  object["temporary"] = usage.temporary;
  object["peak"] = usage.peak();
  object["offloaded"] = usage.offloaded;
  return object;
}
nlohmann::json json_of(spread const& seconds) {
  return {{"median", seconds.median}, {"min", seconds.least}, {"max", seconds.most}};
}

double sequences_per_second(step_measurement const& result) {
  return static_cast<double>(result.request.batch) / spread(each(result.steps, &step_time::elapsed)).median;
}

void print_json(step_measurement const& result, bool with_holders) {
  auto const& request = result.request;
  nlohmann::json object{{"model", request.model},
                        {"policy", request.policy},
                        {"backend", request.backend},
                        {"scalar", request.scalar},
                        {"rate", request.rate},
                        {"batch", request.batch},
                        {"steps", request.steps},
                        {"hold", request.hold},
                        {"seconds", json_of(spread(each(result.steps, &step_time::elapsed)))},
                        {"sequences_per_second", sequences_per_second(result)},
                        {"ledger", json_of(result.ledger)},
                        {"planned", json_of(result.planned)},
                        {"first_step", {{"ledger", json_of(result.first)}}}};
  if (!result.device) { object["products"] = name_of(slimfit::found_product_library()); }
  if (result.device) {
    object["graph"] = request.graph;
    object["device_name"] = result.device->name;
    object["pool_used_high"] = result.device->pool_used_high;
    object["pool_reserved_high"] = result.device->pool_reserved_high;
    object["device_memory_taken"] = result.device->taken;
  } else {
    object["threads"] = request.threads;
    object["product_seconds"] = json_of(spread(each(result.products, &step_time::elapsed)));
    object["ratio"] = ratio(result, &step_time::elapsed);
    object["processor_seconds"] = json_of(spread(each(result.steps, &step_time::processor)));
    object["processor_ratio"] = ratio(result, &step_time::processor);
    object["peak_resident"] = result.peak_resident;
    object["first_step"]["resident"] = result.resident_after_first;
    object["first_step"]["resident_before"] = result.resident_before;
  }
  if (result.traffic) {
    auto const& [count, sent, all] = *result.traffic;
    object["ranks"] = {{"count", count},
                       {"sums", sent.sums},
                       {"bytes", sent.bytes},
                       {"all_bytes", all},
                       {"waited_seconds", sent.waited}};
  }
  if (with_holders) { object["holders"] = holders_json(result.record); }
  std::cout << object.dump(2) << '\n';
}

/// Of steps, and on the host of their products and processors.
table times_of(step_measurement const& result) {
  auto const row = [](char const* name, std::vector<step_time> const& measured) {
    spread const seconds(each(measured, &step_time::elapsed));
    return std::vector<std::string>{name, fixed(seconds.median, 4), fixed(seconds.least, 4), fixed(seconds.most, 4)};
  };
  if (result.device) {
    table times({"seconds", "median", "min", "max"}, {0});
    times.add(row("step", result.steps));
    return times;
  }
  table times({"seconds", "median", "min", "max", "processor"}, {0});
  auto const add = [&](char const* name, std::vector<step_time> const& measured) {
    auto cells = row(name, measured);
    cells.push_back(fixed(spread(each(measured, &step_time::processor)).median, 4));
    times.add(cells);
  };
  add("step", result.steps);
  add("its matrix products alone", result.products);
  times.add({"steps / products", fixed(ratio(result, &step_time::elapsed), 3), "", "",
             fixed(ratio(result, &step_time::processor), 3)});
  return times;
}

void print_text(step_measurement const& result) {
  auto const& request = result.request;
  if (!result.device) { std::cout << first_lines(threads_of_rank(request.threads)); }
  std::cout << request.model << ", policy " << request.policy << ", " << percent_text(request.rate) << " frozen"
            << (request.hold ? " (units held)" : "") << ", batch " << request.batch << ", " << request.scalar << " on "
            << (result.device ? result.device->name : std::to_string(request.threads) + " threads") << ", "
            << request.steps << " steps" << (request.graph ? " replayed from a graph" : "") << "\n\n";
  times_of(result).print(std::cout);
  std::cout << fixed(sequences_per_second(result), 1) << " sequences per second\n";
  if (result.traffic) {
    std::cout << traffic_line(result.traffic->ranks, request.steps, result.traffic->sent, result.traffic->all_bytes)
              << "; memory is the first rank's\n";
  }
  std::cout << '\n';

  table memory({"peak MiB", "ledger", "planned"}, {0});
  for (std::size_t i = 0; i < category_names.size(); ++i) {
    memory.add({category_names[i], mebibytes(result.ledger.peak_by_category.by_category[i]),
                mebibytes(result.planned.peak_by_category.by_category[i])});
  }
  memory.add({"stored", mebibytes(result.ledger.stored), mebibytes(result.planned.stored)});
  memory.add({"temporary", mebibytes(result.ledger.temporary), mebibytes(result.planned.temporary)});
  memory.add({"all at once", mebibytes(result.ledger.peak()), mebibytes(result.planned.peak())});
  memory.add({"offloaded", mebibytes(result.ledger.offloaded), mebibytes(result.planned.offloaded)});
  memory.print(std::cout);
  std::cout << (result.ledger == result.planned ? "The plan equals the ledger.\n" : "The plan differs!\n");
  if (result.device) {
    std::cout << "The device's memory pool gave out at most " << mebibytes(result.device->pool_used_high)
              << " MiB and held at most " << mebibytes(result.device->pool_reserved_high)
              << " MiB; free memory shrank by " << mebibytes(result.device->taken) << " MiB.\n";
  }
  if (result.peak_resident > 0) {
    std::cout << "The first step made the process grow by "
              << mebibytes(result.resident_after_first - result.resident_before) << " MiB; the ledger's peak was "
              << mebibytes(result.first.peak()) << " MiB.\n";
    std::cout << "The process had at most " << mebibytes(result.peak_resident) << " MiB resident.\n";
  }
}

/// Measures, and shows what the first rank did.
void measure(options const& chosen, command_ranks& ranks) {
  auto const& request = chosen.request;
  auto const& compiled = compiled_step_of(request, ranks.size());
  if (request.graph && request.backend != "cuda") {
    throw slimfit::value_error(slimfit::mismatch("--backend", request.backend, "cuda with --graph"));
  }
  auto const result = compiled.measure(request, ranks);
  if (!ranks.is_first()) { return; }
  if (!chosen.trace.empty()) { save_trace(chosen.trace, result.record, slimfit::trace_time::measured); }
  if (chosen.json) {
    print_json(result, chosen.holders > 0);
  } else {
    print_text(result);
    if (chosen.holders > 0) {
      std::cout << '\n';
      print_holders(std::cout, result.record, chosen.holders);
    }
  }
}

/// On all ranks. @return the exit status of this one
int measure_on_ranks(options const& chosen) {
  command_ranks ranks;
  auto const with_name = [](std::exception const& problem) { return std::string("slimfit-step: ") + problem.what(); };
  try {
    measure(chosen, ranks);
    return 0;
  } catch (slimfit::communication_error const& problem) {
    ranks.end_by(with_name(problem), true, {});
  } catch (std::exception const& problem) { ranks.end_by(with_name(problem), false, {}); }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  auto const chosen = parse(argc, argv);
  try {
    return measure_on_ranks(chosen);
  } catch (std::exception const& problem) { note(std::string("slimfit-step: ") + problem.what()); }
  return 1;
}
