// SPDX-License-Identifier: MIT
// Fine-tunes a small vision transformer on Fashion-MNIST, once for each policy, from the same start and seed, and
// compares memory and accuracy. See --help.
#include <cstdio>
#include <filesystem>
#include <slimfit/core/error.hpp>
#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/safetensors.hpp>

#include "options.hpp"
#include "report.hpp"
#include "runs.hpp"

namespace examples {

namespace {

constexpr int exit_interrupted = 130;

/// "folder/name", or "folder/name.gz" where only that exists.
std::string data_file(std::string const& folder, std::string const& name) {
  auto const plain = folder + "/" + name;
  return std::filesystem::exists(plain) ? plain : plain + ".gz";
}

task_data load_data(finetune_options const& options) {
  if (!std::filesystem::is_directory(options.data)) {
    throw slimfit::file_error(
        "slimfit: --data: there is no folder " + options.data +
        ", expected one with the four IDX files of (Fashion-)MNIST; Debian and Ubuntu have them as "
        "dataset-fashion-mnist");
  }
  auto const pair = [&](std::string const& kind) {
    return read_idx(data_file(options.data, kind + "-images-idx3-ubyte"),
                    data_file(options.data, kind + "-labels-idx1-ubyte"), 10);
  };
  task_data data{pair("train"), pair("t10k")};
  for (auto* set : {&data.train, &data.test}) {
    if (set->images.rows != 28 || set->images.columns != 28) {
      throw slimfit::shape_error(
          slimfit::mismatch("rows of images in " + options.data, set->images.rows, "28 x 28 pixels"));
    }
    if (options.merged_labels.empty()) { continue; }
    for (auto& label : set->labels) { label = static_cast<std::uint8_t>(options.merged_labels.at(label)); }
  }
  return data;
}

/// What an interrupted run left, or an empty state.
nlohmann::json interrupted_state(finetune_options const& options) {
  if (!options.resume) { return {{"finished", nlohmann::json::array()}}; }
  auto const path = checkpoint_path(options);
  if (!std::filesystem::exists(path)) {
    throw slimfit::file_error("slimfit: --resume: there is no " + path +
                              ", expected the checkpoint of a run that Ctrl-C interrupted, with the same --out");
  }
  slimfit::safetensors_file const file(path);
  auto const found = file.metadata().find("finetune_vit");
  auto const state =
      found == file.metadata().end() ? nlohmann::json() : nlohmann::json::parse(found->second, nullptr, false);
  if (!state.is_object() || !state.contains("finished") || !state.contains("current") || !state.contains("options")) {
    throw slimfit::file_error("slimfit: --resume: " + path +
                              " holds no interrupted run, expected what this program saves on Ctrl-C");
  }
  auto const actual = fixed_options(options);
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

int run(int argc, char** argv) {
  auto const options = parse_options(argc, argv);
  catch_interrupts();
  auto const state = interrupted_state(options);
  auto const data = load_data(options);
  require_writable("--out", options.out + "/report.json");
  if (!options.save.empty()) { require_writable("--save", options.save); }
  auto finished = state.at("finished");
  for (auto i = finished.size(); i < options.runs.size(); ++i) {
    bool const continues = state.contains("current") && i == state.at("finished").size();
    auto outcome = run_policy({options, data, options.runs[i], finished, continues ? &state.at("current") : nullptr});
    if (outcome.interrupted) {
      std::printf("interrupted; the same command with --resume continues from %s\n", checkpoint_path(options).c_str());
      return exit_interrupted;
    }
    finished.push_back(std::move(outcome.report));
  }
  auto command = nlohmann::json::array();
  for (int i = 0; i < argc; ++i) { command.push_back(argv[i]); }
  index_t const train =
      options.images > 0 ? std::min(options.images, data.train.images.count) : data.train.images.count;
  nlohmann::json report{{"slimfit", slimfit::version},
                        {"command", command},
                        {"model", describe_model()},
                        {"data",
                         {{"name", std::filesystem::path(options.data).filename().string()},
                          {"train", train},
                          {"test", data.test.images.count},
                          {"batch", options.batch},
                          {"steps", finished.empty() ? std::size_t{0} : finished.front().at("losses").size()}}},
                        {"runs", finished}};
  write_report(report, options.out);
  std::filesystem::remove(checkpoint_path(options));
  std::printf("\n%s\n%s/report.html and %s/report.json were written\n", result_table(report).c_str(),
              options.out.c_str(), options.out.c_str());
  return 0;
}

}  // namespace
}  // namespace examples

int main(int argc, char** argv) {
  try {
    return examples::run(argc, argv);
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
