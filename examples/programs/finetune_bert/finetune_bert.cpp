// SPDX-License-Identifier: MIT
// Fine-tunes a pretrained BERT on a task of GLUE or on SQuAD 2.0, once for each policy, from the same start and seed,
// and compares memory and accuracy. See --help.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <slimfit/huggingface/config.hpp>
#include <slimfit/io/safetensors_shards.hpp>

#include "../support/option_checks.hpp"
#include "../text/tokenizer_files.hpp"
#include "../training/program.hpp"
#include "../training/recipe.hpp"
#include "glue_tasks.hpp"
#include "squad_task.hpp"

#define SLIMFIT_RUN_PARAMETERS bert_run const& run
#include "../training/compiled_runs.hpp"

namespace examples {

namespace {

struct bert_options : training_options {
  index_t max_tokens = 128;
  index_t stride = 128;
  bool new_classifier = false;
};

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (auto const& each : glue_tasks()) { names.push_back(each.name); }
  names.push_back("squad2");
  return names;
}
/// Null where it is no task of GLUE.
glue_task const* glue_task_of(std::string const& name) {
  for (auto const& each : glue_tasks()) {
    if (each.name == name) { return &each; }
  }
  return nullptr;
}

/// The paper's settings of a task. They come before the command line is read, so that it can change them.
void set_defaults(bert_options& options) {
  set_published_defaults(options);
  auto const* const recipe = slimfit::published_recipe_of(options.task);
  if (recipe != nullptr) { options.max_tokens = recipe->tokens; }
  options.bucket_window = 50;
}

bert_options parse_options(int argc, char** argv) {
  bert_options options;
  options.task = task_of(argc, argv, "sst2");
  set_defaults(options);
  CLI::App app{
      "Fine-tunes a pretrained BERT under several policies and reports what each kept in memory and what it reached: a "
      "table, report.html and report.json."};
  add_training_options(
      app, options,
      {.samples = "rows",
       .tasks = task_names(),
       .data = "Folder of the task's files as they are published: train.tsv and dev.tsv (of mnli dev_matched.tsv and "
               "dev_mismatched.tsv), of squad2 train-v2.0.json and dev-v2.0.json",
       .model = "Folder of a pretrained BERT in Hugging Face's form: config.json, model.safetensors, and "
                "tokenizer.json or vocab.txt",
       .save = "Folder for the model of the last run and its tokenizer, in Hugging Face's form"});
  app.get_option("--data")->required();
  app.get_option("--model")->required();
  app.add_option("--max-tokens", options.max_tokens,
                 "Tokens of a text at most. What is too long loses its end, of squad2 it is cut into several")
      ->check(checks::whole_number(8, token_limit));
  app.add_option("--stride", options.stride, "squad2: tokens that neighbouring parts of a paragraph share")
      ->check(checks::whole_number(1, token_limit));
  app.add_option("--bucket-window", options.bucket_window,
                 "Batches among which texts are sorted by length, so that those of a batch are alike; 0: they are not")
      ->check(checks::whole_number(0, checks::most_samples));
  app.add_flag("--new-classifier", options.new_classifier,
               "Start the classifier anew, also where that of --model has as many classes");
  parse(app, options, argc, argv);
  return options;
}

/// The number of the compiled model that a folder's config.json describes. Where there is none, loading says what to
/// write.
int model_of(std::string const& folder) {
  auto const config = slimfit::read_huggingface_config(folder);
  if (config.type != slimfit::huggingface_type::bert) {
    throw slimfit::file_error("slimfit: " + folder + "/config.json: model_type is another, expected bert");
  }
  for (int i = 0; i < bert_model_count; ++i) {
    auto const& shape = bert_models[i].shape;
    if (config.hidden == shape.hidden && config.layers == shape.layers && config.vocabulary == shape.vocabulary) {
      return i;
    }
  }
  return 0;
}

/// What the model makes of the tokenizer's tokens. @throws slimfit::file_error when they do not fit each other
token_table table_of(bert_tokenizer const& tokenizer, std::string const& folder, int model) {
  auto const& shape = bert_models[model].shape;
  if (tokenizer.words().size() > shape.vocabulary) {
    throw slimfit::file_error(
        slimfit::mismatch(folder + ": the tokenizer's number of tokens", tokenizer.words().size(),
                          "at most the " + std::to_string(shape.vocabulary) + " that the model has rows for"));
  }
  // Texts are filled up with the model's own padding, whatever the tokenizer's is; it must only not be what they end
  // in.
  auto const& frame = tokenizer.frame();
  if (shape.padding < 0 || shape.padding == frame.end || shape.padding == frame.begin) {
    auto const text = shape.padding < 0 ? "none" : tokenizer.words().token(shape.padding);
    throw slimfit::file_error(slimfit::mismatch(
        folder + ": the id of the padding that the model was compiled with (.padding in its bert_shape)", shape.padding,
        "a token that no text begins or ends with; to the tokenizer this id is " + text + " and its padding " +
            std::to_string(frame.padding)));
  }
  return {token_limit, shape.padding, shape.vocabulary};
}

/// What the head that training starts with knows.
struct start_head {
  bool keeps;         ///< whether it is the checkpoint's
  class_names names;  ///< of a classification
};

/// @throws slimfit::file_error when the checkpoint has a classifier of as many classes with other names
start_head head_of_start(glue_task const* task, bert_options const& options) {
  if (task == nullptr) { return {!options.new_classifier, {}}; }
  auto const config = slimfit::read_huggingface_config(options.model);
  auto const classes = std::max<index_t>(1, std::ssize(task->classes));
  bool const keeps = config.classes == classes && !options.new_classifier &&
                     slimfit::safetensors_folder(options.model).contains("classifier.weight");
  if (task->classes.empty()) { return {keeps, {}}; }
  if (!keeps) { return {false, own_class_names(*task)}; }
  auto names = checkpoint_class_names(*task, config, options.model + "/config.json");
  if (names.assumed) {
    std::printf("%s/config.json does not name its classes: they are taken for %s, in this order\n",
                options.model.c_str(), detail::listed(names.names).c_str());
  }
  return {true, std::move(names)};
}

int run(int argc, char** argv) {
  auto const options = parse_options(argc, argv);
  auto const* const glue = glue_task_of(options.task);
  auto const classes = glue != nullptr ? static_cast<int>(std::max<std::size_t>(1, glue->classes.size())) : 1;
  auto const head = glue == nullptr         ? slimfit::bert_head::span
                    : glue->classes.empty() ? slimfit::bert_head::regression
                                            : slimfit::bert_head::classification;
  int model = 0;
  start_head start_knows{};
  text_task work;
  std::optional<tokenizer_files> tokenizer_start;
  auto fixed = fixed_options(options, "rows");
  fixed["max-tokens"] = options.max_tokens;
  fixed["stride"] = options.stride;
  fixed["new-classifier"] = options.new_classifier;
  auto const load = [&](command_ranks const& ranks) -> nlohmann::json {
    require_compiled(options, ranks);
    model = model_of(options.model);
    tokenizer_start.emplace(std::filesystem::path(options.model));
    auto const tokenizer = tokenizer_start->tokenizer();
    auto const table = table_of(tokenizer, options.model, model);
    start_knows = head_of_start(glue, options);
    nlohmann::json data{{"name", glue != nullptr ? glue->folder : "SQuAD 2.0"}};
    auto const longest = static_cast<std::size_t>(options.max_tokens);
    if (glue != nullptr) {
      auto const rows = read_glue_rows(*glue, options.data, options.samples, options.test_samples);
      work = make_task(*glue, tokenizer, rows, longest, table, start_knows.names);
      data.update({{"train", rows.train.size()}, {"test", rows.test.size()}});
    } else {
      auto const train = read_squad(options.data + "/train-v2.0.json", options.samples);
      auto test = read_squad(options.data + "/dev-v2.0.json", options.test_samples);
      data.update({{"train", train.questions.size()}, {"test", test.questions.size()}});
      work = make_squad_task(tokenizer, train, std::move(test), {longest, static_cast<std::size_t>(options.stride)},
                             table);
    }
    auto const contents = std::visit([](auto const& each) { return contents_of(each, "rows"); }, work);
    return {{"model", describe_model(model, head, classes)}, {"data", data}, {"contents", contents}};
  };
  auto const train = [&](run_request const& request) {
    auto outcome = compiled_run(options, request.ranks, request.choice.policy)(
        {request, work, model, head, classes, start_knows.keeps, start_knows.names.names, options.model, options.save});
    if (!options.save.empty() && request.ranks.is_first() && request.is_last && !outcome.interrupted) {
      tokenizer_start->save(options.save);
    }
    return outcome;
  };
  std::vector<std::string> saved;
  if (!options.save.empty()) { saved = {options.save + "/config.json", options.save + "/model.safetensors"}; }
  return run_program({"finetune_bert", "rows", options, fixed, saved, load, train}, argc, argv);
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
