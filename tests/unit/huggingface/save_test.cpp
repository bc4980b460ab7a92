// SPDX-License-Identifier: MIT
// Folders that are saved are loaded again, and say what cannot be saved.
#include "support/huggingface_folders.hpp"

namespace sf = slimfit;
using namespace slimfit::testing::huggingface;
using sf::index_t;
using sf::test::scratch_folder;

namespace {

template <class Model>
void save_and_load(std::string const& name, sf::huggingface_save_options const& options, double tolerance) {
  CAPTURE(name);
  scratch_folder const folder;
  sf::host device;
  Model net(device);
  sf::load_huggingface(net, fixture(name), {.fold_layer_scale = true});
  sf::save_huggingface(net, folder.file("saved"), options);
  Model again(device, 7);
  auto const report = sf::load_huggingface(again, folder.file("saved"));
  CHECK(report.missing.empty());
  CHECK(report.unused.empty());
  sf::safetensors_file const expected(fixture(name) + "/expected.safetensors");
  CHECK(logit_error(again, expected) < tolerance);
  if (options.type == sf::dtype::f32) { CHECK(weights(again) == weights(net)); }
}

}  // namespace

TEST_CASE("saved and loaded again") {
  save_and_load<bert_model>("bert", {}, 1e-5);
  save_and_load<span_model>("bert_qa", {}, 1e-5);
  save_and_load<vit_model>("vit", {.labels = {"one \"quoted\"", "two", "three"}}, 1e-5);
  save_and_load<dinov2_model>("dinov2", {}, 1e-5);
  save_and_load<scaled_model<sf::policy::eager>>("dinov2", {}, 1e-5);
  save_and_load<bert_model>("bert", {.type = sf::dtype::f16}, 1e-2);
  save_and_load<bert_model>("bert", {.type = sf::dtype::bf16}, 5e-2);
  save_and_load<vit_model>("vit", {.largest_file = 4000}, 1e-5);
}

TEST_CASE("a folder saved in several files, then in one, is read from the newest") {
  scratch_folder const folder;
  sf::host device;
  vit_model first(device, 1);
  vit_model second(device, 2);
  vit_model read(device, 3);
  sf::save_huggingface(first, folder.file("saved"));
  sf::save_huggingface(second, folder.file("saved"), {.largest_file = 4000});
  sf::load_huggingface(read, folder.file("saved"));
  CHECK(weights(read) == weights(second));
  sf::save_huggingface(first, folder.file("saved"));
  sf::load_huggingface(read, folder.file("saved"));
  CHECK(weights(read) == weights(first));
}

TEST_CASE("names of classes are saved as JSON, whatever bytes they hold") {
  scratch_folder const folder;
  sf::host device;
  bert_model const net(device);
  sf::save_huggingface(net, folder.path.string(), {.labels = {"caf\u00e9", "a \"b\"\\\n", "caf\xE9"}});
  CHECK(sf::read_huggingface_config(folder.path.string()).labels ==
        std::vector<std::string>{"caf\u00e9", "a \"b\"\\\n", "caf\uFFFD"});
}

TEST_CASE("what cannot be saved") {
  scratch_folder const folder;
  sf::host device;
  vit_model const net(device);
  CHECK_THROWS_AS(sf::save_huggingface(net, folder.file("a"), {.type = sf::dtype::i8}), sf::value_error);
  CHECK_THROWS_AS(sf::save_huggingface(net, folder.file("a"), {.labels = {"one"}}), sf::value_error);
  CHECK_THROWS_AS(sf::save_huggingface(net, folder.file("a"), {.largest_file = 0}), sf::value_error);
  CHECK_THROWS_AS(sf::save_huggingface(net, folder.file("no/folder")), sf::file_error);
}
