// SPDX-License-Identifier: MIT
// slimfit-step: time and memory of training steps of a named model on random data.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "measured_step.hpp"
#include "memory_tables.hpp"
#include "table.hpp"

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
      "and by the system, and the time of its matrix products alone."};
  app.add_option("--model", request.model, "Name of the model")
      ->check(CLI::IsMember(names_of(all_models{})))
      ->capture_default_str();
  app.add_option("--policy", request.policy, "Name of the preset")
      ->check(CLI::IsMember(names_of(all_policies{})))
      ->capture_default_str();
  app.add_option("--rate", request.rate,
                 "Freezing rate, at least 0 and less than 1; without it 0 for eager and exact, 0.95 for the others")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--batch", request.batch, "Sequences per step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--steps", request.steps, "Steps to measure; one more runs before them")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", request.threads, "0: as many as OpenMP offers")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag("--holders{15}", chosen.holders,
               "Who held how much at the peak of one more step, the largest 15 or --holders=N");
  app.add_option("--trace", chosen.trace,
                 "File for the memory of one more step over time as a Chrome trace: ui.perfetto.dev");
  app.add_flag("--json", chosen.json, "Print an object, bytes in full");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& problem) { std::exit(app.exit(problem)); }
  request.record = chosen.holders > 0 || !chosen.trace.empty();
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

void print_json(step_measurement const& result, bool with_holders) {
  auto const& request = result.request;
  nlohmann::json object{{"model", request.model},
                        {"policy", request.policy},
                        {"rate", request.rate},
                        {"batch", request.batch},
                        {"steps", request.steps},
                        {"threads", request.threads},
                        {"seconds", json_of(spread(each(result.steps, &step_time::elapsed)))},
                        {"product_seconds", json_of(spread(each(result.products, &step_time::elapsed)))},
                        {"ratio", ratio(result, &step_time::elapsed)},
                        {"processor_seconds", json_of(spread(each(result.steps, &step_time::processor)))},
                        {"processor_ratio", ratio(result, &step_time::processor)},
                        {"ledger", json_of(result.ledger)},
                        {"planned", json_of(result.planned)},
                        {"peak_resident", result.peak_resident},
                        {"first_step",
                         {{"ledger", json_of(result.first)},
                          {"resident", result.resident_after_first},
                          {"resident_before", result.resident_before}}}};
  if (with_holders) { object["holders"] = holders_json(result.record); }
  std::cout << object.dump(2) << '\n';
}

void print_text(step_measurement const& result) {
  auto const& request = result.request;
  std::cout << request.model << ", policy " << request.policy << ", freezing rate " << fixed(request.rate, 2)
            << ", batch " << request.batch << ", " << request.threads << " threads, " << request.steps << " steps\n\n";
  table times({"seconds", "median", "min", "max", "processor"}, {0});
  auto const add = [&](char const* name, std::vector<step_time> const& measured) {
    spread const seconds(each(measured, &step_time::elapsed));
    times.add({name, fixed(seconds.median, 3), fixed(seconds.least, 3), fixed(seconds.most, 3),
               fixed(spread(each(measured, &step_time::processor)).median, 3)});
  };
  add("step", result.steps);
  add("its matrix products alone", result.products);
  times.add({"steps / products", fixed(ratio(result, &step_time::elapsed), 3), "", "",
             fixed(ratio(result, &step_time::processor), 3)});
  times.print(std::cout);
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
  if (result.peak_resident > 0) {
    std::cout << "The first step made the process grow by "
              << mebibytes(result.resident_after_first - result.resident_before) << " MiB; the ledger's peak was "
              << mebibytes(result.first.peak()) << " MiB.\n";
    std::cout << "The process had at most " << mebibytes(result.peak_resident) << " MiB resident.\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  auto const chosen = parse(argc, argv);
  try {
    auto const result = with_name<step_measurement>(
        all_models{}, chosen.request.model, [&]<class Entry>() { return measure_steps<Entry>(chosen.request); });
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
  } catch (std::exception const& problem) {
    std::cerr << "slimfit-step: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
