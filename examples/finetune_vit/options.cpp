// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <CLI/CLI.hpp>

#include "runs.hpp"

namespace examples {

namespace {

/// "slim:75" or "eager"
run_choice parse_run(std::string const& text) {
  auto const colon = text.find(':');
  run_choice choice{text.substr(0, colon), 0};
  auto const known = policy_names();
  if (std::find(known.begin(), known.end(), choice.policy) == known.end()) {
    throw CLI::ValidationError("--run", choice.policy + " is no policy; known are " + CLI::detail::join(known, ", "));
  }
  if (colon != std::string::npos) {
    double percent = -1;
    if (!CLI::detail::lexical_cast(text.substr(colon + 1), percent) || !(percent >= 0 && percent < 100)) {
      throw CLI::ValidationError("--run",
                                 text + ": the share of frozen units must be at least 0 and below 100 (percent)");
    }
    choice.rate = percent / 100;
  }
  return choice;
}

}  // namespace

finetune_options parse_options(int argc, char** argv) {
  finetune_options options;
  std::vector<std::string> runs{"eager", "eager:75", "paper:75", "slim:75"};
  CLI::App app{
      "Fine-tunes a small vision transformer on Fashion-MNIST under several policies and reports what each kept in "
      "memory and what accuracy it reached: a table, report.html and report.json."};
  app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--data", options.data, "Folder with the four IDX files of (Fashion-)MNIST, plain or .gz")
      ->check(CLI::ExistingDirectory);
  app.add_option("--start", options.start,
                 "Checkpoint to start from (its classifier is not used); none: random weights")
      ->check(CLI::ExistingFile);
  app.add_option("--out", options.out, "Folder for report.html, report.json and the checkpoint of an interrupted run");
  app.add_option("--run", runs,
                 "POLICY[:PERCENT FROZEN], repeatable. Policies: " + CLI::detail::join(policy_names(), ", "))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--images", options.images, "Training images to use; 0: all")->check(CLI::NonNegativeNumber);
  app.add_option("--batch", options.batch, "Images per step")->check(CLI::PositiveNumber);
  app.add_option("--epochs", options.epochs, "Passes over the training images; may be a fraction")
      ->check(CLI::PositiveNumber);
  app.add_option("--learning-rate", options.learning_rate, "First learning rate of runs that freeze nothing")
      ->check(CLI::PositiveNumber);
  app.add_option("--scheduled-learning-rate", options.scheduled_learning_rate,
                 "First learning rate of runs that freeze")
      ->check(CLI::PositiveNumber);
  app.add_option("--weight-decay", options.weight_decay, "AdamW's decoupled weight decay")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", options.seed, "Of batches, schedule and a random start");
  app.add_option("--threads", options.threads, "Of the host backend; 0: as many as the machine has")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--backend", options.backend, "Where to train. `cuda` is there in a build with SLIMFIT_CUDA")
      ->check(CLI::IsMember(backend_names()));
  app.add_option("--merge-labels", options.merged_labels,
                 "New label of each of the ten classes, e.g. to pre-train on groups")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',')
      ->expected(10)
      ->check(CLI::Range(0, 9));
  app.add_option("--save", options.save, "File for the model of the last run");
  app.add_option("--save-type", options.save_type, "Numbers of that file")
      ->check(CLI::IsMember({"F32", "F16", "BF16"}));
  app.add_flag("--saturation", options.saturation,
               "Count the values that formats with fixed ranges clip; steps are the same to the bit");
  app.add_flag("--resume", options.resume, "Continue the interrupted run in --out, bit for bit");
  try {
    app.parse(argc, argv);
    for (auto const& run : runs) { options.runs.push_back(parse_run(run)); }
  } catch (CLI::ParseError const& problem) { std::exit(app.exit(problem)); }
  return options;
}

}  // namespace examples
