// SPDX-License-Identifier: MIT
#include "resume.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <slimfit/core/error.hpp>
#include <slimfit/io/checksums.hpp>

#include "../support/command_ranks.hpp"
#include "../support/json_text.hpp"
#include "checkpoints.hpp"

namespace examples {

namespace {

/// What options were before programs had them: a checkpoint of that time does not name them.
nlohmann::json const& options_of_before() {
  static nlohmann::json const values{{"optimizer", "usual"}, {"new-classifier", false}, {"sums", "library"}};
  return values;
}

/// A rate of a checkpoint of before is a share, which no percentage is.
void make_percent(nlohmann::json& rate) {
  if (!rate.is_number()) { return; }
  auto const value = rate.get<double>();
  if (value > 0 && value < 1) { rate = std::round(value * 1e10) / 1e8; }
}
void make_rates_percent(nlohmann::json& state) {
  auto const of_run = [](nlohmann::json& run) {
    if (run.is_object() && run.contains("rate")) { make_percent(run["rate"]); }
  };
  of_run(state["current"]);
  for (auto& run : state["finished"]) { of_run(run); }
  auto& options = state["options"];
  if (!options.contains("run")) { return; }
  for (auto& run : options["run"]) {
    if (run.is_array() && run.size() == 2) { make_percent(run[1]); }
  }
}

/// @throws slimfit::file_error where the file is damaged, or is no checkpoint of this program
nlohmann::json state_in(std::string const& path, std::string const& program) {
  slimfit::safetensors_file const file(path);
  slimfit::verify_checksums(file);
  auto const found = file.metadata().find(program);
  auto state =
      found == file.metadata().end() ? nlohmann::json() : parse_json(found->second, path, "holds no interrupted run");
  if (!state.is_object() || !state.contains("finished") || !state.contains("current") ||
      !state.value("options", nlohmann::json()).is_object()) {
    throw slimfit::file_error("slimfit: --resume: " + path +
                              " holds no interrupted run, expected a checkpoint of this program");
  }
  make_rates_percent(state);
  return state;
}

/// The newest that is whole, and where it is.
std::pair<std::string, nlohmann::json> newest_state(training_options const& options, std::string const& program) {
  auto const newest = checkpoint_path(options);
  auto const previous = previous_checkpoint_path(options);
  bool const has_previous = std::filesystem::exists(previous);
  if (!std::filesystem::exists(newest) && !has_previous) {
    throw slimfit::file_error("slimfit: --resume: there is no " + newest +
                              ", expected the checkpoint of a run that was interrupted, with the same --out");
  }
  try {
    return {newest, state_in(newest, program)};
  } catch (slimfit::file_error const& problem) {
    if (!has_previous) { throw; }
    try {
      auto state = state_in(previous, program);
      note(problem.what() + ("; --resume goes on with the checkpoint before, " + previous));
      return {previous, std::move(state)};
    } catch (slimfit::file_error const& other) {
      throw slimfit::file_error(problem.what() + std::string("; nor can the one before be used: ") + other.what());
    }
  }
}

}  // namespace

std::string json_text(nlohmann::json const& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

interrupted_command read_interrupted(training_options const& options, std::string const& program,
                                     nlohmann::json const& fixed) {
  if (!options.resume) { return {.finished = nlohmann::json::array()}; }
  auto const [path, state] = newest_state(options, program);
  auto const actual = parse_json(json_text(fixed), "options");  // as a checkpoint has it
  auto const& expected = state.at("options");
  for (auto const& [key, value] : actual.items()) {
    auto const before = expected.value(key, options_of_before().value(key, nlohmann::json()));
    if (before != value) {
      throw slimfit::value_error("slimfit: --resume: --" + key + " is " + json_text(value) + ", expected " +
                                 json_text(before) + " as in the interrupted run in " + path);
    }
  }
  return {path, state.at("finished"), state.at("current"), state.value("contents", nlohmann::json()),
          state.value("start_weights", std::string())};
}

void require_same_contents(interrupted_command const& interrupted, nlohmann::json const& contents,
                           std::string const& data) {
  if (interrupted.path.empty()) { return; }
  if (!interrupted.contents.is_object()) {
    note(interrupted.path + " does not say what the data were: that they are the same is not checked");
    return;
  }
  for (auto const* const kind : {"count of ", "checksum of "}) {
    for (auto const& [what, value] : contents.items()) {
      auto const before = interrupted.contents.value(what, nlohmann::json());
      if (what.starts_with(kind) && before != value) {
        throw slimfit::value_error("slimfit: --resume: the data in " + data + " changed: " + what + " is " +
                                   json_text(value) + ", expected " + json_text(before) +
                                   " as in the interrupted run in " + interrupted.path);
      }
    }
  }
}

}  // namespace examples
