// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <limits>

#include "../support/command_line.hpp"
#include "../support/moments.hpp"
#include "../support/option_checks.hpp"
#include "runs.hpp"
#include "schedules.hpp"

namespace examples {

namespace {

run_choice make_run(std::string const& policy, double percent, std::string const& option) {
  auto const known = policy_names();
  if (std::find(known.begin(), known.end(), policy) == known.end()) {
    throw CLI::ValidationError(option, policy + " is no policy; known are " + CLI::detail::join(known, ", "));
  }
  return {policy, percent};
}

/// "slim:75" or "eager"
run_choice parse_run(std::string const& text) {
  auto const colon = text.find(':');
  double percent = 0;
  if (colon != std::string::npos) {
    auto const rate = text.substr(colon + 1);
    auto const problem = checks::problem_of_percentage(rate);
    if (!problem.empty()) { throw CLI::ValidationError("--run", text + ": " + problem); }
    checks::read_number(rate, percent);
  }
  return make_run(text.substr(0, colon), percent, "--run");
}

}  // namespace

std::string task_of(int argc, char** argv, std::string const& otherwise) {
  auto task = otherwise;
  std::string const beginning = "--task=";
  for (int i = 1; i < argc; ++i) {
    std::string const argument = argv[i];
    if (argument == "--task" && i + 1 < argc) { task = argv[i + 1]; }
    if (argument.starts_with(beginning)) { task = argument.substr(beginning.size()); }
  }
  return task;
}

void add_training_options(CLI::App& app, training_options& options, option_texts const& texts) {
  auto const& samples = texts.samples;
  app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--out", options.out, "Folder for report.html, report.json and the checkpoint of an interrupted run");
  app.add_option("--task", options.task, "What to learn; other defaults depend on it")
      ->check(CLI::IsMember(texts.tasks));
  app.add_option("--data", options.data, texts.data)->check(CLI::ExistingDirectory);
  app.add_option("--model", options.model, texts.model)->check(CLI::ExistingDirectory);
  app.add_option("--save", options.save, texts.save);
  auto const all = CLI::MultiOptionPolicy::TakeAll;
  app.add_option("--run", options.run_texts,
                 "POLICY[:PERCENT FROZEN], repeatable. Policies: " + CLI::detail::join(policy_names(), ", "))
      ->multi_option_policy(all);
  app.add_option("--policy", options.policies, "The same in two options: every policy with every --rate")
      ->multi_option_policy(all)
      ->excludes("--run");
  app.add_option("--rate", options.rates, "Percent of the units that each step freezes")
      ->check(checks::percentage())
      ->multi_option_policy(all)
      ->needs("--policy");
  app.add_option("--" + samples, options.samples, "Training " + samples + " to use; 0: all")
      ->check(checks::whole_number(0, checks::most_samples));
  app.add_option("--test-" + samples, options.test_samples, "Test " + samples + " to use of each file; 0: all")
      ->check(checks::whole_number(0, checks::most_samples));
  app.add_option("--batch", options.batch, "Training " + samples + " per step")
      ->check(checks::whole_number(1, checks::most_of_a_batch));
  app.add_option("--epochs", options.epochs, "Passes over the training " + samples + "; may be a fraction")
      ->check(checks::positive_to(1e6));
  app.add_option("--learning-rate", options.learning_rate, "First learning rate of runs that freeze nothing")
      ->check(checks::positive_to(1e38));
  app.add_option("--scheduled-learning-rate", options.scheduled_learning_rate,
                 "First learning rate of runs that freeze")
      ->check(checks::positive_to(1e38));
  std::string schedule_help = "Which units freeze";
  std::vector<std::string> schedule_names;
  for (auto const& [name, each] : schedules()) {
    schedule_help += "; " + name + ": " + each.meaning;
    schedule_names.push_back(name);
  }
  app.add_option("--schedule", options.schedule, schedule_help)->check(CLI::IsMember(schedule_names));
  app.add_option("--weight-decay", options.weight_decay, "AdamW's decoupled weight decay")
      ->check(checks::from_zero_to(1e3));
  app.add_option("--optimizer", options.optimizer,
                 "published: AdamW's epsilon, what weight decay leaves out and where the learning rate ends as the "
                 "paper's code has them for the task; usual: as most have them")
      ->check(CLI::IsMember({"usual", "published"}));
  app.add_option("--moments", options.moments,
                 "How AdamW's moments are kept: in float32 or 8bit; -dropped: those of units that freeze again are not")
      ->check(CLI::IsMember(moments_names()));
  app.add_option("--seed", options.seed, "Of batches, schedule, dropout and new weights")
      ->check(checks::whole_number(0, std::numeric_limits<std::uint64_t>::max()));
  app.add_option("--threads", options.threads, "Of the host backend; 0: as many as the machine has")
      ->check(checks::whole_number(0, checks::most_threads));
  app.add_option("--loader-threads", options.loader_threads,
                 "Threads that read " + samples + " ahead of the training step; 0: none. Results do not depend on it")
      ->check(checks::whole_number(0, 256));
  app.add_option("--backend", options.backend, "Where to train. `cuda` is there in a build with SLIMFIT_CUDA")
      ->check(CLI::IsMember(backend_names()));
  app.add_option("--scalar", options.scalar,
                 "Numbers of weights and activations. `bf16` is there in a build with it in CMake's SLIMFIT_SCALARS; "
                 "weights are then rounded stochastically")
      ->check(CLI::IsMember(scalar_names()));
  app.add_option(
         "--sums", options.sums,
         "Order in which gradients of several ranks are added. library: the fastest; fixed_tree: every batch in "
         "8 shards, the same bits on 1, 2, 4 and 8 ranks, there in a build with it in CMake's "
         "SLIMFIT_RANK_ORDERS")
      ->check(CLI::IsMember({"library", "fixed_tree"}));
  app.add_option("--save-type", options.save_type, "Numbers of the file that --save writes")
      ->check(CLI::IsMember({"F32", "F16", "BF16"}));
  app.add_flag("--saturation", options.saturation,
               "Count the values that formats with fixed ranges clip; steps are the same to the bit");
  app.add_option(
         "--measure-error", options.error_batches,
         "Instead of training, measure on so many batches how far each run's gradients are from exact ones, and "
         "write errors.json to --out")
      ->check(checks::whole_number(0, checks::most_steps));
  app.add_option(
         "--checkpoint-every", options.checkpoint_minutes,
         "Minutes between checkpoints in --out, beside one at the end of each epoch; 0: only those. The last two "
         "are kept")
      ->check(checks::from_zero_to(1e6));
  app.add_flag("--resume", options.resume, "Continue the interrupted run in --out, bit for bit");
}

void parse(CLI::App& app, training_options& options, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    for (auto const& policy : options.policies) {
      for (auto const rate : options.rates) { options.runs.push_back(make_run(policy, rate, "--policy")); }
    }
    if (options.runs.empty()) {
      for (auto const& run : options.run_texts) { options.runs.push_back(parse_run(run)); }
    }
  } catch (CLI::ParseError const& problem) { exit_by(app, problem); }
}

nlohmann::json fixed_options(training_options const& options, std::string const& samples) {
  auto runs = nlohmann::json::array();
  for (auto const& run : options.runs) { runs.push_back({run.policy, run.rate}); }
  return {{"task", options.task},
          {"data", options.data},
          {"model", options.model},
          {"run", runs},
          {samples, options.samples},
          {"test-" + samples, options.test_samples},
          {"batch", options.batch},
          {"epochs", options.epochs},
          {"learning-rate", options.learning_rate},
          {"scheduled-learning-rate", options.scheduled_learning_rate},
          {"schedule", options.schedule},
          {"weight-decay", options.weight_decay},
          {"optimizer", options.optimizer},
          {"moments", options.moments},
          {"backend", options.backend},
          {"scalar", options.scalar},
          {"sums", options.sums},
          {"bucket-window", options.bucket_window},
          {"saturation", options.saturation},
          {"seed", options.seed}};
}

}  // namespace examples
