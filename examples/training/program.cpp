// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <cstdio>
#include <filesystem>
#include <slimfit/core/error.hpp>
#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/safetensors.hpp>

#include "../support/products.hpp"
#include "report.hpp"

namespace examples {

namespace {

constexpr int exit_interrupted = 130;

/// What an interrupted run left, or an empty state.
nlohmann::json interrupted_state(program const& what) {
  auto const& options = what.options;
  if (!options.resume) { return {{"finished", nlohmann::json::array()}}; }
  auto const path = checkpoint_path(options);
  if (!std::filesystem::exists(path)) {
    throw slimfit::file_error("slimfit: --resume: there is no " + path +
                              ", expected the checkpoint of a run that Ctrl-C interrupted, with the same --out");
  }
  slimfit::safetensors_file const file(path);
  auto const found = file.metadata().find(what.name);
  auto const state =
      found == file.metadata().end() ? nlohmann::json() : nlohmann::json::parse(found->second, nullptr, false);
  if (!state.is_object() || !state.contains("finished") || !state.contains("current") || !state.contains("options")) {
    throw slimfit::file_error("slimfit: --resume: " + path +
                              " holds no interrupted run, expected what this program saves on Ctrl-C");
  }
  auto const& actual = what.fixed;
  auto const& expected = state.at("options");
  for (auto const& [key, value] : actual.items()) {
    if (!expected.contains(key) || expected.at(key) != value) {
      throw slimfit::value_error("slimfit: --resume: --" + key + " is " + value.dump() + ", expected " +
                                 expected.value(key, nlohmann::json()).dump() + " as in the interrupted run in " +
                                 path);
    }
  }
  return state;
}

/// Checks that results can be written before anything is trained, so that none is lost for want of a folder.
void require_writable(std::string const& option, std::string const& path) {
  std::error_code problem;
  auto const folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) { std::filesystem::create_directories(folder, problem); }
  try {
    slimfit::atomic_file const trial(path);
  } catch (slimfit::file_error const& reason) {
    throw slimfit::file_error("slimfit: " + option + ": expected a place where files can be written: " + reason.what());
  }
}

int run_all(program const& what, int argc, char** argv) {
  auto const& options = what.options;
  catch_interrupts();
  auto const state = interrupted_state(what);
  auto report = what.load();
  require_writable("--out", options.out + "/report.json");
  if (!what.saved.empty()) { require_writable("--save", what.saved); }
  auto finished = state.at("finished");
  for (auto i = finished.size(); i < options.runs.size(); ++i) {
    bool const continues = state.contains("current") && i == state.at("finished").size();
    auto outcome = what.run({options, options.runs[i], what.name, what.samples, what.fixed, finished,
                             continues ? &state.at("current") : nullptr});
    if (outcome.interrupted) {
      std::printf("interrupted; the same command with --resume continues from %s\n", checkpoint_path(options).c_str());
      return exit_interrupted;
    }
    finished.push_back(std::move(outcome.report));
  }
  if (options.error_batches > 0) {
    auto const path = options.out + "/errors.json";
    report["batches"] = options.error_batches;
    report["data"]["batch"] = options.batch;
    report["runs"] = finished;
    slimfit::atomic_file file(path);
    auto const text = report.dump();
    file.write(text.data(), std::ssize(text));
    file.commit();
    std::printf("%s was written\n", path.c_str());
    return 0;
  }
  auto command = nlohmann::json::array();
  for (int i = 0; i < argc; ++i) { command.push_back(argv[i]); }
  report["slimfit"] = slimfit::version;
  report["command"] = command;
  if (options.backend == "host") { report["products"] = name_of(slimfit::found_product_library()); }
  report["data"]["batch"] = options.batch;
  report["data"]["steps"] = finished.empty() ? std::size_t{0} : finished.front().at("losses").size();
  report["runs"] = finished;
  write_report(report, options.out);
  std::filesystem::remove(checkpoint_path(options));
  std::printf("\n%s\n%s/report.html and %s/report.json were written\n", result_table(report).c_str(),
              options.out.c_str(), options.out.c_str());
  return 0;
}

}  // namespace

int run_program(program const& what, int argc, char** argv) {
  if (what.options.backend == "host") { std::fputs(first_lines(what.options.threads).c_str(), stdout); }
  try {
    return run_all(what, argc, argv);
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}

}  // namespace examples
