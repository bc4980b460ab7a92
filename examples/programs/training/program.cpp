// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <cstdio>
#include <filesystem>
#include <slimfit/core/error.hpp>
#include <slimfit/io/atomic_file.hpp>

#include "../support/products.hpp"
#include "checkpoints.hpp"
#include "report.hpp"
#include "resume.hpp"
#include "signals.hpp"

namespace examples {

namespace {

constexpr int exit_interrupted = 130;

std::string errors_path(training_options const& options) { return options.out + "/errors.json"; }

/// Checks that results can be written before anything is trained, so that none is lost for want of a folder.
void require_writable(std::string const& option, std::string const& path) {
  std::error_code problem;
  auto const folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) { std::filesystem::create_directories(folder, problem); }
  try {
    if (std::filesystem::is_directory(path, problem)) { throw slimfit::file_error(path + " is a folder"); }
    slimfit::atomic_file const trial(path);
  } catch (slimfit::file_error const& reason) {
    throw slimfit::file_error("slimfit: " + option + ": expected a place where files can be written: " + reason.what());
  }
}
void require_writable(program const& what) {
  auto const& options = what.options;
  if (options.error_batches > 0) {
    require_writable("--out", errors_path(options));
    return;
  }
  for (auto const& path : {options.out + "/report.json", options.out + "/report.html", checkpoint_path(options),
                           previous_checkpoint_path(options), replaced_checkpoint_path(options)}) {
    require_writable("--out", path);
  }
  for (auto const& path : what.saved) { require_writable("--save", path); }
  if (!options.resume && std::filesystem::exists(checkpoint_path(options))) {
    std::printf("%s is of a run that was interrupted; without --resume it is moved to %s until this command is done\n",
                checkpoint_path(options).c_str(), replaced_checkpoint_path(options).c_str());
  }
}

/// The report of measured errors.
void write_errors(nlohmann::json report, nlohmann::json const& finished, training_options const& options) {
  auto const path = errors_path(options);
  report["batches"] = options.error_batches;
  report["data"]["batch"] = options.batch;
  report["runs"] = finished;
  slimfit::atomic_file file(path);
  auto const text = json_text(report);
  file.write(text.data(), std::ssize(text));
  file.commit();
  std::printf("%s was written\n", path.c_str());
}

/// A number that data have and as good as no others.
std::uint64_t number_of(nlohmann::json const& contents) { return std::hash<std::string>()(json_text(contents)); }

int run_all(program const& what, command_ranks& ranks, int argc, char** argv) {
  auto const& options = what.options;
  catch_interrupts();
  auto const interrupted = read_interrupted(options, what.name, what.fixed);
  auto report = what.load(ranks);
  nlohmann::json const contents = std::move(report.at("contents"));
  report.erase("contents");
  require_same_contents(interrupted, contents, options.data);
  ranks.require_same(number_of(contents), "data in " + options.data);
  if (ranks.is_first()) { require_writable(what); }
  auto finished = interrupted.finished;
  start_weights start{.checksum = interrupted.start_weights};
  for (auto i = finished.size(); i < options.runs.size(); ++i) {
    bool const continues = !interrupted.path.empty() && i == interrupted.finished.size();
    auto outcome = what.run({options, options.runs[i], what.name, what.samples, what.fixed, contents, finished,
                             continues ? &interrupted.current : nullptr, interrupted.path, i + 1 == options.runs.size(),
                             start, ranks});
    if (outcome.interrupted) {
      std::printf("interrupted; the same command with --resume continues from %s\n", checkpoint_path(options).c_str());
      return exit_interrupted;
    }
    finished.push_back(std::move(outcome.report));
  }
  if (!ranks.is_first()) { return 0; }
  if (options.error_batches > 0) {
    write_errors(report, finished, options);
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
  remove_checkpoints(options);
  std::printf("\n%s\n%s/report.html and %s/report.json were written\n", result_table(report).c_str(),
              options.out.c_str(), options.out.c_str());
  return 0;
}

/// Runs the command on all ranks. @return the exit status of this one
int run_on_ranks(program const& what, int argc, char** argv) {
  auto const& options = what.options;
  command_ranks ranks(options.sums != "library");
  if (options.backend == "host") { std::fputs(first_lines(threads_of_rank(options.threads)).c_str(), stdout); }
  auto const advice = [&](char const* text) {
    return checkpoint_was_written() ? text + checkpoint_path(options) : std::string();
  };
  constexpr char const* to_resume = "once that is mended, the same command with --resume continues from ";
  try {
    return run_all(what, ranks, argc, argv);
  } catch (slimfit::value_error const& problem) {
    // The same command would come to the same numbers again.
    ranks.end_by(problem.what(), false, advice("there is a checkpoint of before that, "));
  } catch (slimfit::communication_error const& problem) {
    ranks.end_by(problem.what(), true, advice(to_resume));
  } catch (std::exception const& problem) { ranks.end_by(problem.what(), false, advice(to_resume)); }
  return 1;
}

}  // namespace

int run_program(program const& what, int argc, char** argv) {
  try {
    return run_on_ranks(what, argc, argv);
  } catch (std::exception const& problem) { note(problem.what()); }
  return 1;
}

}  // namespace examples
