// SPDX-License-Identifier: MIT
// Fine-tunes a small vision transformer on Fashion-MNIST, once for each policy, from the same start and seed, and
// compares memory and accuracy. See --help.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <slimfit/core/error.hpp>
#include <slimfit/io/huggingface_config.hpp>

#include "../data/cifar.hpp"
#include "../data/grey_images.hpp"
#include "../training/classification.hpp"
#include "../training/program.hpp"
#include "vit_run.hpp"

#define SLIMFIT_RUN_PARAMETERS vit_run const& run
#include "../training/compiled_runs.hpp"

namespace examples {

namespace {

struct vit_options : training_options {
  std::string task = "fashion";
  std::string model;               ///< folder of pretrained weights; empty: the quickstart's model
  std::string start;               ///< checkpoint to start from; empty: random weights
  std::vector<int> merged_labels;  ///< new label of each class; empty: as they are
  index_t test_images = 0;         ///< 0: all
};

/// The task's own defaults. They come before the command line is read, so that it can change them.
void set_defaults(vit_options& options) {
  if (options.task == "fashion") {
    options.data = "/usr/share/datasets/fashion-mnist";
    options.batch = 64;
    options.learning_rate = 1e-3;
    options.scheduled_learning_rate = 1e-3;
    options.weight_decay = 0.01;
    options.save_type = "F16";
  } else {
    options.batch = 32;
    options.learning_rate = 2e-5;
    options.scheduled_learning_rate = 4e-5;
  }
}

vit_options parse_options(int argc, char** argv) {
  vit_options options;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) == "--task") { options.task = argv[i + 1]; }
  }
  set_defaults(options);
  CLI::App app{
      "Fine-tunes a vision transformer under several policies and reports what each kept in memory and what accuracy "
      "it "
      "reached: a table, report.html and report.json."};
  add_training_options(app, options, "images");
  app.add_option("--task", options.task, "What to learn; other defaults depend on it")
      ->check(CLI::IsMember({"fashion", "cifar10"}));
  app.add_option("--data", options.data,
                 "Folder with the data. fashion: the four IDX files of (Fashion-)MNIST, plain or .gz; cifar10: the "
                 "binary files")
      ->check(CLI::ExistingDirectory);
  app.add_option("--model", options.model,
                 "Folder of a pretrained ViT: config.json and model.safetensors in Hugging Face's form")
      ->check(CLI::ExistingDirectory);
  app.add_option("--start", options.start,
                 "File to start from (its classifier is not used); none: that of --model, or random weights")
      ->check(CLI::ExistingFile);
  app.add_option("--test-images", options.test_images, "Test images to use; 0: all")->check(CLI::NonNegativeNumber);
  app.add_option("--merge-labels", options.merged_labels,
                 "fashion: new label of each of the ten classes, e.g. to pre-train on groups")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',')
      ->expected(10)
      ->check(CLI::Range(0, 9));
  app.add_option("--save", options.save,
                 "Where to write the model of the last run: a file that ends in .safetensors, or a folder in Hugging "
                 "Face's form");
  parse(app, options, argc, argv);
  return options;
}

/// "folder/name", or "folder/name.gz" where only that exists.
std::string data_file(std::string const& folder, std::string const& name) {
  auto const plain = folder + "/" + name;
  return std::filesystem::exists(plain) ? plain : plain + ".gz";
}

labelled_images load_images(vit_options const& options, std::string const& kind) {
  auto images = read_idx(data_file(options.data, kind + "-images-idx3-ubyte"),
                         data_file(options.data, kind + "-labels-idx1-ubyte"), 10);
  if (images.images.rows != 28 || images.images.columns != 28) {
    throw slimfit::shape_error(
        slimfit::mismatch("rows of images in " + options.data, images.images.rows, "28 x 28 pixels"));
  }
  if (!options.merged_labels.empty()) {
    for (auto& label : images.labels) { label = static_cast<std::uint8_t>(options.merged_labels.at(label)); }
  }
  return images;
}

image_task load_fashion(vit_options const& options) {
  if (!std::filesystem::is_directory(options.data)) {
    throw slimfit::file_error(
        "slimfit: --data: there is no folder " + options.data +
        ", expected one with the four IDX files of (Fashion-)MNIST; Debian and Ubuntu have them as "
        "dataset-fashion-mnist");
  }
  constexpr normalisation scale{0.2860F, 0.3530F};
  auto test = load_images(options, "t10k");
  std::vector<std::int32_t> labels(test.labels.begin(), test.labels.end());
  return {"fashion", std::make_shared<grey_images>(load_images(options, "train"), scale),
          std::make_shared<grey_images>(std::move(test), scale), classification_judge(std::move(labels), 10)};
}

image_task load_cifar(vit_options const& options, index_t side) {
  if (options.data.empty()) {
    throw slimfit::file_error(
        "slimfit: --data: expected a folder with data_batch_1.bin to data_batch_5.bin and "
        "test_batch.bin, CIFAR-10's binary files");
  }
  colour_images train;
  for (int part = 1; part <= 5; ++part) {
    if (options.samples > 0 && train.count() >= options.samples) { break; }
    read_cifar(options.data + "/data_batch_" + std::to_string(part) + ".bin", cifar_10, options.samples, train);
  }
  colour_images test;
  read_cifar(options.data + "/test_batch.bin", cifar_10, options.test_images, test);
  auto const labels = test.labels;
  return {"cifar10", std::make_shared<resized_images>(std::move(train), side),
          std::make_shared<resized_images>(std::move(test), side), classification_judge(labels, 10)};
}

/// The compiled model that a folder's config.json describes. Where there is none, loading says what to write.
slimfit::vit_shape shape_of(std::string const& folder) {
  if (folder.empty()) { return vit_tiny_7.shape; }
  auto const config = slimfit::read_huggingface_config(folder);
  for (auto const& each : vit_models) {
    if (config.patch == each.shape.patch && config.hidden == each.shape.hidden && config.layers == each.shape.layers) {
      return each.shape;
    }
  }
  return vit_small_14.shape;
}

int run(int argc, char** argv) {
  auto const options = parse_options(argc, argv);
  auto const shape = shape_of(options.model);
  auto const start =
      options.start.empty() && !options.model.empty() ? options.model + "/model.safetensors" : options.start;
  image_task work;
  auto fixed = fixed_options(options, "images");
  fixed["start"] = options.start;
  fixed["model"] = options.model;
  fixed["task"] = options.task;
  fixed["merge-labels"] = options.merged_labels;
  auto const load = [&]() -> nlohmann::json {
    work = options.task == "fashion" ? load_fashion(options) : load_cifar(options, shape.image);
    index_t const train = work.train->size();
    return {{"model", describe_model(shape)},
            {"data",
             {{"name", std::filesystem::path(options.data).filename().string()},
              {"train", options.samples > 0 ? std::min(options.samples, train) : train},
              {"test", work.test->size()}}}};
  };
  auto const train = [&](run_request const& request) {
    auto const function = compiled_runs().at(options.backend).at(request.choice.policy);
    return function({request, work, shape, options.model, options.start, options.save});
  };
  return run_program({"finetune_vit", "images", options, fixed, options.save, load, train}, argc, argv);
}

}  // namespace
}  // namespace examples

int main(int argc, char** argv) { return examples::run(argc, argv); }
