// SPDX-License-Identifier: MIT
// What every fine-tuning program can be asked to do.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <slimfit/core/config.hpp>

namespace CLI {
class App;
}

namespace examples {

using slimfit::index_t;

/// One training run: a policy and the percent of units frozen in each step.
struct run_choice {
  std::string policy;
  double rate = 0;
};

struct training_options {
  std::string task;
  std::string data;
  std::string model;  ///< folder of pretrained weights; empty: none
  std::string out = "report";
  std::string save;  ///< where to write the last run's model; empty: nowhere
  std::string save_type = "F32";
  std::vector<std::string> run_texts{"eager", "eager:75", "paper:75", "slim:75"};
  std::vector<std::string> policies;
  std::vector<double> rates{0};
  std::vector<run_choice> runs;  ///< what the three above come to
  index_t samples = 0;           ///< training samples used; 0: all
  index_t test_samples = 0;      ///< of a file of test samples; 0: all
  index_t batch = 32;
  double epochs = 3;
  double learning_rate = 5e-5;               ///< of runs without freezing
  double scheduled_learning_rate = 1e-4;     ///< of runs with freezing
  std::string schedule = "relative-update";  ///< of runs with freezing
  double weight_decay = 0;
  std::string optimizer = "usual";  ///< or "published", see recipe.hpp
  std::string moments = "float32";  ///< see support/moments.hpp
  std::uint64_t seed = 1;
  int threads = 0;
  int loader_threads = 0;  ///< that make batches ahead of the training step; 0: none
  std::string backend = "host";
  std::string scalar = "float";
  std::string sums = "library";    ///< order of sums over ranks, or "fixed_tree"
  index_t bucket_window = 0;       ///< batches among which samples are sorted by length; 0: none are
  bool saturation = false;         ///< count the values that formats with fixed ranges clip
  double checkpoint_minutes = 10;  ///< between checkpoints, beside those of epochs; 0: only those
  index_t error_batches = 0;       ///< on which gradients' errors are measured, instead of training; 0: train
  bool resume = false;
};

/// What a program calls things on its command line.
struct option_texts {
  std::string samples;             ///< samples in the plural, e.g. "images"
  std::vector<std::string> tasks;  ///< names of what can be learnt
  std::string data;                ///< what lies in the folder --data
  std::string model;               ///< what lies in the folder --model
  std::string save;                ///< what --save writes where
};

/// The value of --task, which the defaults of other options depend on; `otherwise` where it is not given.
std::string task_of(int argc, char** argv, std::string const& otherwise);
/// Adds the options to a command line; their defaults are those that `options` has.
void add_training_options(CLI::App& app, training_options& options, option_texts const& texts);
/// Parses the command line. Ends the program after `--help` or an error.
void parse(CLI::App& app, training_options& options, int argc, char** argv);
/// The options that must not change between an interrupted run and its continuation.
nlohmann::json fixed_options(training_options const& options, std::string const& samples);

}  // namespace examples
