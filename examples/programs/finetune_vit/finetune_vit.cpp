// SPDX-License-Identifier: MIT
// Fine-tunes a vision transformer on Fashion-MNIST, CIFAR or ImageNet, once for each policy, from the same start and
// seed, and compares memory and accuracy. See --help.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <slimfit/core/error.hpp>
#include <slimfit/huggingface/config.hpp>
#include <slimfit/io/mapped_file.hpp>
#include <slimfit/io/utf8.hpp>
#include <sstream>

#include "../data/cifar.hpp"
#include "../data/grey_images.hpp"
#include "../data/image_folder.hpp"
#include "../data/preprocessor_config.hpp"
#include "../support/command_ranks.hpp"
#include "../support/option_checks.hpp"
#include "../training/classification.hpp"
#include "../training/program.hpp"
#include "../training/recipe.hpp"
#include "vit_run.hpp"

#define SLIMFIT_RUN_PARAMETERS vit_run const& run
#include "../training/compiled_runs.hpp"

namespace examples {

namespace {

struct vit_options : training_options {
  std::string start;               ///< checkpoint to start from; empty: random weights
  std::vector<int> merged_labels;  ///< new label of each class; empty: as they are
};

/// The task's own defaults. They come before the command line is read, so that it can change them.
void set_defaults(vit_options& options) {
  if (options.task == "fashion") {
    options.data = "/usr/share/datasets/fashion-mnist";
    options.batch = 64;
    options.epochs = 2;
    options.learning_rate = 1e-3;
    options.scheduled_learning_rate = 1e-3;
    options.weight_decay = 0.01;
    options.save_type = "F16";
  } else {  // as the paper
    set_published_defaults(options);
    bool const large = options.task == "imagenet";
    options.learning_rate = large ? 5e-5 : 2e-5;
    options.loader_threads = large ? 2 : 0;
  }
}

vit_options parse_options(int argc, char** argv) {
  vit_options options;
  options.task = task_of(argc, argv, "fashion");
  set_defaults(options);
  CLI::App app{
      "Fine-tunes a vision transformer under several policies and reports what each kept in memory and what accuracy "
      "it reached: a table, report.html and report.json."};
  add_training_options(
      app, options,
      {.samples = "images",
       .tasks = {"fashion", "cifar10", "cifar100", "imagenet"},
       .data = "Folder with the data. fashion: the four IDX files of (Fashion-)MNIST, plain or .gz; cifar10, "
               "cifar100: the binary files; imagenet: train/CLASS/*.jpg and val/CLASS/*.jpg (or .jpeg, .JPEG)",
       .model = "Folder of a pretrained ViT: config.json and model.safetensors in Hugging Face's form, and "
                "preprocessor_config.json where it expects other pictures than most",
       .save = "Where to write the model of the last run: a file that ends in .safetensors, or a folder in Hugging "
               "Face's form"});
  app.add_option("--start", options.start,
                 "File to start from (its classifier is not used); none: that of --model, or random weights")
      ->check(CLI::ExistingFile);
  app.add_option("--merge-labels", options.merged_labels,
                 "fashion: new label of each of the ten classes, e.g. to pre-train on groups")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',')
      ->expected(10)
      ->check(checks::whole_number(0, 9));
  parse(app, options, argc, argv);
  return options;
}

/// The names that lie beside CIFAR's files, one a line; none where they are not there.
std::vector<std::string> names_of_cifar(std::string const& folder, int classes) {
  auto const path = folder + (classes == 100 ? "/fine_label_names.txt" : "/batches.meta.txt");
  if (!std::filesystem::exists(path)) { return {}; }
  slimfit::mapped_file const file(path);
  slimfit::require_utf8(file.text(), path);
  std::istringstream lines{std::string(file.text())};
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) { line.pop_back(); }
    if (!line.empty()) { names.push_back(line); }
  }
  if (std::ssize(names) != classes) {
    throw slimfit::file_error(
        slimfit::mismatch(path + ": its number of names", std::ssize(names), std::to_string(classes)));
  }
  return names;
}

/// "folder/name", or "folder/name.gz" where only that exists.
std::string data_file(std::string const& folder, std::string const& name) {
  auto const plain = folder + "/" + name;
  return std::filesystem::exists(plain) ? plain : plain + ".gz";
}

/// @param most images to keep; 0: all
labelled_images load_images(vit_options const& options, std::string const& kind, index_t most) {
  auto images = read_idx(data_file(options.data, kind + "-images-idx3-ubyte"),
                         data_file(options.data, kind + "-labels-idx1-ubyte"), 10);
  if (images.images.rows != 28 || images.images.columns != 28) {
    throw slimfit::shape_error(
        slimfit::mismatch("rows of images in " + options.data, images.images.rows, "28 x 28 pixels"));
  }
  if (most > 0 && most < images.images.count) {
    images.images.count = most;
    images.images.pixels.resize(static_cast<std::size_t>(most * 28 * 28));
    images.labels.resize(static_cast<std::size_t>(most));
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
  auto test = load_images(options, "t10k", options.test_samples);
  std::vector<std::int32_t> labels(test.labels.begin(), test.labels.end());
  return {"fashion", std::make_shared<grey_images>(load_images(options, "train", options.samples), scale),
          std::make_shared<grey_images>(std::move(test), scale), classification_judge(std::move(labels), 10)};
}

/// @param side of the images that the model reads
image_task load_cifar(vit_options const& options, int classes, index_t side, preprocessing const& how) {
  auto const layout = classes == 100 ? cifar_100 : cifar_10;
  auto const train_files = classes == 100 ? std::vector<std::string>{"train"}
                                          : std::vector<std::string>{"data_batch_1", "data_batch_2", "data_batch_3",
                                                                     "data_batch_4", "data_batch_5"};
  auto const path = [&](std::string const& name) { return options.data + "/" + name + ".bin"; };
  if (!std::filesystem::exists(path(train_files.front()))) {
    throw slimfit::file_error("slimfit: --data: there is no " + path(train_files.front()) +
                              ", expected the folder of CIFAR-" + std::to_string(classes) + "'s binary files");
  }
  colour_images train;
  for (auto const& name : train_files) {
    if (options.samples > 0 && train.count() >= options.samples) { break; }
    read_cifar(path(name), layout, options.samples, train);
  }
  colour_images test;
  read_cifar(path(classes == 100 ? "test" : "test_batch"), layout, options.test_samples, test);
  auto const labels = test.labels;
  return {options.task, std::make_shared<resized_images>(std::move(train), side, how),
          std::make_shared<resized_images>(std::move(test), side, how), classification_judge(labels, classes)};
}

/// What the model in a folder expects, as far as small images can give it: they are enlarged as a whole, bilinearly.
preprocessing expectation_of_cifar(std::string const& folder) {
  auto how = read_preprocessor_config(folder);
  if (how.filter != resize_filter::bilinear) {
    std::printf("%s/preprocessor_config.json asks for bicubic resizing; CIFAR's images are enlarged bilinearly\n",
                folder.c_str());
    how.filter = resize_filter::bilinear;
  }
  how.squeezed = true;
  how.resized = how.cropped = 0;
  return how;
}

/// The pictures in a folder; says what lies there besides.
image_list list_and_tell(std::string const& folder) {
  auto list = list_images(folder);
  if (auto const text = left_out_text(list); !text.empty()) { note(text); }
  return list;
}

image_list list_classes(vit_options const& options) {
  auto const folder = options.data + "/train";
  if (!std::filesystem::is_directory(folder)) {
    throw slimfit::file_error("slimfit: --data: there is no folder " + folder +
                              ", expected ImageNet's layout: train/CLASS/*.jpg and val/CLASS/*.jpg");
  }
  return list_and_tell(folder);
}

/// ImageNet's folders, or others in its layout. Where not all images are used, they are of all classes.
/// @param train what is in the folder "train"
image_task load_image_folders(vit_options const& options, image_list train, index_t side, preprocessing const& how) {
  auto test = list_and_tell(options.data + "/val");
  if (test.classes != train.classes) {
    auto const [expected, found] =
        std::mismatch(train.classes.begin(), train.classes.end(), test.classes.begin(), test.classes.end());
    throw slimfit::file_error("slimfit: --data: " + options.data + "/val has " +
                              (found != test.classes.end() ? "a folder " + *found : "no more folders") + ", expected " +
                              (expected != train.classes.end() ? *expected : "no more") + " as in train");
  }
  test = spread(std::move(test), options.test_samples);
  auto const labels = test.labels;
  auto const classes = std::ssize(train.classes);
  return {options.task,
          std::make_shared<image_folder>(spread(std::move(train), options.samples),
                                         image_view{.side = side, .random = true, .seed = options.seed, .how = how}),
          std::make_shared<image_folder>(std::move(test), image_view{.side = side, .how = how}),
          classification_judge(labels, classes)};
}

/// The number of the compiled model that a folder's config.json describes, that reads images of `channels` colours and
/// tells `classes` classes apart. Where there is none of that size, loading says what to write.
int model_of(std::string const& folder, int channels, int classes) {
  auto const find = [&](auto const& fits) {
    for (int i = 0; i < vit_model_count; ++i) {
      auto const& shape = vit_models[i].shape;
      if (shape.channels == channels && shape.classes == classes && fits(shape)) { return i; }
    }
    return -1;
  };
  if (folder.empty()) {
    if (channels == 3) {
      throw slimfit::value_error("slimfit: --model: expected the folder of a pretrained model for this --task");
    }
    auto const tiny = find([](slimfit::vit_shape const& shape) { return shape.image == vit_tiny_7.shape.image; });
    if (tiny >= 0) { return tiny; }
    throw slimfit::value_error("slimfit: --model: expected a folder: this program was built without vit_tiny_7");
  }
  auto const config = slimfit::read_huggingface_config(folder);
  auto const same = find([&](slimfit::vit_shape const& shape) {
    return config.patch == shape.patch && config.hidden == shape.hidden && config.layers == shape.layers;
  });
  if (same >= 0) { return same; }
  auto const other = find([](slimfit::vit_shape const& /*shape*/) { return true; });
  if (other >= 0) { return other; }
  throw slimfit::value_error(
      "slimfit: --model: this program was built without a model of " + std::to_string(classes) +
      " classes for this --task, expected one in CMake's SLIMFIT_VIT_MODELS, e.g. with_classes(vit_small_14, " +
      std::to_string(classes) + ")");
}

int run(int argc, char** argv) {
  auto const options = parse_options(argc, argv);
  int model = 0;
  image_task work;
  preprocessing how;
  std::vector<std::string> labels;
  auto fixed = fixed_options(options, "images");
  fixed["start"] = options.start;
  fixed["merge-labels"] = options.merged_labels;
  auto const load = [&](command_ranks const& ranks) -> nlohmann::json {
    require_compiled(options, ranks);
    if (options.task == "fashion") {
      model = model_of(options.model, 1, 10);
      work = load_fashion(options);
    } else if (options.task == "imagenet") {
      auto train = list_classes(options);
      model = model_of(options.model, 3, static_cast<int>(train.classes.size()));
      how = read_preprocessor_config(options.model);
      labels = train.classes;
      work = load_image_folders(options, std::move(train), vit_models[model].shape.image, how);
    } else {
      auto const classes = options.task == "cifar100" ? 100 : 10;
      model = model_of(options.model, 3, classes);
      how = expectation_of_cifar(options.model);
      labels = names_of_cifar(options.data, classes);
      work = load_cifar(options, classes, vit_models[model].shape.image, how);
    }
    return {{"model", describe_model(model)},
            {"data",
             {{"name", std::filesystem::path(options.data).filename().string()},
              {"train", work.train->size()},
              {"test", work.test->size()}}},
            {"contents", contents_of(work, "images")}};
  };
  bool const saves_folder = !options.save.empty() && !options.save.ends_with(".safetensors");
  auto const train = [&](run_request const& request) {
    auto outcome = compiled_run(options, request.ranks, request.choice.policy)(
        {request, work, model, options.model, options.start, options.save, labels});
    if (saves_folder && request.ranks.is_first() && request.is_last && !outcome.interrupted &&
        options.task != "fashion") {
      auto const side = vit_models[model].shape.image;
      write_preprocessor_config(how, side, options.save);
      auto const difference = difference_when_read(how, side);
      if (!difference.empty()) { std::printf("%s/%s\n", options.save.c_str(), difference.c_str()); }
    }
    return outcome;
  };
  std::vector<std::string> saved;
  if (saves_folder) { saved = {options.save + "/config.json", options.save + "/model.safetensors"}; }
  if (!saves_folder && !options.save.empty()) { saved = {options.save}; }
  return run_program({"finetune_vit", "images", options, fixed, saved, load, train}, argc, argv);
}

}  // namespace
}  // namespace examples

int main(int argc, char** argv) { return examples::run(argc, argv); }
