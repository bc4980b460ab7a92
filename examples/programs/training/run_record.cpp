// SPDX-License-Identifier: MIT
#include "run_record.hpp"

#include <algorithm>
#include <slimfit/core/error.hpp>

#include "../support/traffic_line.hpp"
#include "../tools/table.hpp"
#include "resume.hpp"
#include "saturation.hpp"

namespace examples {

using slimfit::index_t;

namespace {

nlohmann::json to_json(slimfit::memory_usage const& usage) {
  nlohmann::json bytes;
  for (std::size_t i = 0; i < slimfit::category_names.size(); ++i) {
    bytes[slimfit::category_names[i]] = usage.peak_by_category.by_category[i];
  }
  bytes["stored"] = usage.stored;
  bytes["temporary"] = usage.temporary;
  bytes["peak"] = usage.total;
  return bytes;
}

/// Raises every number of `bytes` to that of `usage`.
void raise_to(nlohmann::json& bytes, slimfit::memory_usage const& usage) {
  auto const step = to_json(usage);
  for (auto const& [key, value] : step.items()) {
    bytes[key] = std::max(bytes.value(key, index_t{0}), value.get<index_t>());
  }
}

std::string line_of(nlohmann::json const& ranks) {
  auto const of = [&](char const* key) { return ranks.at(key).get<index_t>(); };
  return traffic_line(ranks.at("count").get<int>(), of("steps"),
                      {of("sums"), of("bytes"), ranks.at("waited_seconds").get<double>()}, of("all_bytes"));
}

}  // namespace

run_record::run_record(run_request const& request, index_t units) : request_(request) {
  if (request.progress != nullptr) {
    json_ = *request.progress;
    return;
  }
  auto const& options = request.options;
  json_ = {{"policy", request.choice.policy},
           {"rate", request.choice.rate},
           {"seed", options.seed},
           {"schedule", options.schedule},
           {"moments", options.moments},
           {"scalar", options.scalar},
           {"learning_rate", learning_rate(request)},
           {"units", units},
           {"losses", nlohmann::json::array()},
           {"active", nlohmann::json::array()},
           {"distances", nlohmann::json::array()},
           {"bytes", nlohmann::json::object()},
           {"planned", nlohmann::json::object()},
           {"peak_activations", 0},
           {"train_seconds", 0.0}};
  if (options.saturation) { json_["saturation"] = nlohmann::json::array(); }
}

void run_record::require_steps(index_t steps) const {
  for (auto const* const each : {"losses", "active"}) {
    auto const count = static_cast<index_t>(json_.at(each).size());
    if (count != steps) {
      throw slimfit::file_error(slimfit::mismatch(request_.checkpoint + ": count of " + each, count,
                                                  std::to_string(steps) + ", the steps of the run"));
    }
  }
}

void run_record::add_step(slimfit::step_report const& step, double seconds) {
  json_["train_seconds"] = json_["train_seconds"].get<double>() + seconds;
  json_["losses"].push_back(step.loss);
  auto& active = json_["active"].emplace_back(nlohmann::json::array());
  auto const units = json_["units"].get<index_t>();
  for (index_t unit = 0; unit < units; ++unit) {
    if (step.active.test(unit)) { active.push_back(unit); }
  }
  raise_to(json_["bytes"], step.measured);
  raise_to(json_["planned"], step.planned);
  if (request_.options.saturation) { add_saturation(json_["saturation"], step.saturation); }
  json_["peak_activations"] = std::max(json_["peak_activations"].get<index_t>(), step.measured.activations);
}

void run_record::add_traffic(slimfit::traffic const& step, index_t all) {
  auto& ranks = json_["ranks"];
  auto const add = [&](char const* key, auto value) { ranks[key] = ranks.value(key, decltype(value){}) + value; };
  ranks["count"] = request_.ranks.size();
  ranks["sums_in"] = request_.options.sums;
  add("steps", index_t{1});
  add("sums", step.sums);
  add("bytes", step.bytes);
  add("all_bytes", all);
  add("waited_seconds", step.waited);
}

void run_record::add_distances(index_t iteration, std::span<slimfit::freezing::unit_record const> units) {
  auto values = nlohmann::json::array();
  for (auto const& unit : units) {
    values.push_back(unit.measured ? nlohmann::json(unit.last.relative_update) : nlohmann::json());
  }
  json_["distances"].push_back({{"step", iteration}, {"values", std::move(values)}});
}

void run_record::finish(std::map<std::string, double> const& metrics, std::string const& metric,
                        std::string const& second_metric) {
  json_["metrics"] = metrics;
  json_["metric"] = metric;
  if (!second_metric.empty()) { json_["second_metric"] = second_metric; }
  json_["accuracy"] = std::clamp(metrics.at(metric), 0.0, 1.0);  // a correlation may be negative
  if (auto const loss = metrics.find("loss"); loss != metrics.end()) { json_["test_loss"] = loss->second; }
  auto const steps = static_cast<double>(json_["losses"].size());
  json_["seconds_per_step"] = json_["train_seconds"].get<double>() / steps;
  json_.erase("train_seconds");
}

std::map<std::string, std::string> run_record::checkpoint_metadata() const {
  nlohmann::json const state{{"options", request_.fixed},
                             {"contents", request_.contents},
                             {"start_weights", request_.start.checksum},
                             {"finished", request_.finished},
                             {"current", json_}};
  return {{request_.program, json_text(state)}};
}

std::string run_record::result_text() const {
  auto const percent = [&](std::string const& name) {
    return name + " " + fixed(100 * json_.at("metrics").at(name).get<double>(), 2) + " %";
  };
  auto text = "  test " + percent(json_.at("metric").get<std::string>());
  if (json_.contains("second_metric")) { text += ", " + percent(json_.at("second_metric").get<std::string>()); }
  if (json_.contains("ranks")) { text += "\n  " + line_of(json_.at("ranks")); }
  if (json_.contains("saturation")) { text += "\n  " + saturation_line(json_.at("saturation")); }
  return text;
}

}  // namespace examples
