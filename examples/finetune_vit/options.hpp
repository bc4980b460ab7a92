// SPDX-License-Identifier: MIT
// What the program was asked to do.
#pragma once

#include <string>
#include <vector>

#include <slimfit/core/config.hpp>

namespace examples {

/// One training run: a policy and the share of units frozen in each step.
struct run_choice {
  std::string policy;
  double rate = 0;
};

struct finetune_options {
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string start;  ///< checkpoint to start from; empty: random weights
  std::string out = "report";
  std::string save;  ///< where to write the last run's model; empty: nowhere
  std::string save_type = "F16";
  std::vector<run_choice> runs;
  std::vector<int> merged_labels;  ///< new label of each class; empty: as they are
  slimfit::index_t images = 0;     ///< training images used; 0: all
  slimfit::index_t batch = 64;
  double epochs = 3;
  double learning_rate = 1e-3;            ///< of runs without freezing
  double scheduled_learning_rate = 1e-3;  ///< of runs with freezing
  double weight_decay = 0.01;
  std::uint64_t seed = 1;
  int threads = 0;
  std::string backend = "host";
  bool saturation = false;  ///< count the values that formats with fixed ranges clip
  bool resume = false;
};

/// Reads the command line. Ends the program after `--help` or an error.
finetune_options parse_options(int argc, char** argv);

}  // namespace examples
