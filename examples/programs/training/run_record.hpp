// SPDX-License-Identifier: MIT
// What report.json says of a run, gathered step by step. Compiled once: no part of it depends on the model's type.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <slimfit/communication/communicator.hpp>
#include <slimfit/freezing/state.hpp>
#include <slimfit/train/step_report.hpp>
#include <span>
#include <string>

#include "runs.hpp"

namespace examples {

class run_record {
 public:
  /// Starts anew, or goes on with what the request says of an interrupted run.
  /// @param units those of the model
  run_record(run_request const& request, slimfit::index_t units);

  /// @throws slimfit::file_error where what the request says of an interrupted run has not so many steps
  void require_steps(slimfit::index_t steps) const;
  void add_step(slimfit::step_report const& step, double seconds);
  /// @param step what was sent in the step, @param all bytes of all parameters' gradients
  void add_traffic(slimfit::traffic const& step, slimfit::index_t all);
  void add_distances(slimfit::index_t iteration, std::span<slimfit::freezing::unit_record const> units);
  /// @param metrics figures of merit by name
  /// @param metric the one that stands for the run
  /// @param second_metric one to show beside it; empty: none
  void finish(std::map<std::string, double> const& metrics, std::string const& metric,
              std::string const& second_metric);

  [[nodiscard]] nlohmann::json const& json() const { return json_; }
  /// What a checkpoint says of this run and those before it, in the form that `--resume` reads.
  [[nodiscard]] std::map<std::string, std::string> checkpoint_metadata() const;
  /// The outcome of a finished run for the terminal, e.g. "  test accuracy 86.40 %".
  [[nodiscard]] std::string result_text() const;

 private:
  run_request const& request_;
  nlohmann::json json_;
};

}  // namespace examples
