// SPDX-License-Identifier: MIT
// Hugging Face folders: against numbers of `transformers` (fixtures/make_huggingface.py), saved and loaded again, and
// everything that is refused.
#include <doctest/doctest.h>
#include <slimfit/huggingface.hpp>
#include <slimfit/slimfit.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/gradients.hpp"
#include "support/logits.hpp"

namespace sf = slimfit;
using sf::index_t;

namespace {

constexpr index_t batch = 3;
constexpr sf::bert_shape bert_small{
    .vocabulary = 30, .positions = 12, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, .classes = 3, .tokens = 7};
constexpr sf::vit_shape vit_small{
    .image = 12, .patch = 4, .channels = 3, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, .classes = 3};
constexpr sf::vit_shape dinov2_small = [] {
  auto shape = vit_small;
  shape.norm_epsilon = 1e-6;
  return shape;
}();

constexpr sf::vit_shape scaled_small = [] {
  auto shape = dinov2_small;
  shape.layer_scale = true;
  return shape;
}();

using bert_model = sf::bert<bert_small, sf::policy::eager, sf::host>;
constexpr sf::bert_shape bert_span = [] {
  auto shape = bert_small;
  shape.head = sf::bert_head::span;
  return shape;
}();
using span_model = sf::bert<bert_span, sf::policy::eager, sf::host>;
using vit_model = sf::vit<vit_small, sf::policy::eager, sf::host>;
template <class Policy>
using scaled_model = sf::vit<scaled_small, Policy, sf::host>;
using dinov2_model = sf::vit<dinov2_small, sf::policy::eager, sf::host>;

/// A folder that goes away with the test.
struct scratch_folder {
  std::filesystem::path path;
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "slimfit.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~scratch_folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file(std::string const& name) const { return (path / name).string(); }
};

std::string fixture(std::string const& name) { return std::string(SLIMFIT_FIXTURES) + "/huggingface/" + name; }

std::string content(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
void write(std::string const& path, std::string const& text) { std::ofstream(path, std::ios::binary) << text; }
std::string replaced(std::string text, std::string const& from, std::string const& to) {
  auto const place = text.find(from);
  REQUIRE(place != std::string::npos);
  return text.replace(place, from.size(), to);
}

/// A copy of a fixture's folder in which config.json says something else.
void copy_with_config(std::string const& name, scratch_folder const& target, std::string const& from,
                      std::string const& to) {
  auto const whole = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(fixture(name) + "/model.safetensors", target.file("model.safetensors"), whole);
  write(target.file("config.json"), replaced(content(fixture(name) + "/config.json"), from, to));
}

/// A copy of a fixture's folder whose tensors `change` may drop (by an empty name), rename or keep.
template <class Change>
void copy_with_names(std::string const& name, scratch_folder const& target, Change const& change) {
  sf::safetensors_file const file(fixture(name) + "/model.safetensors");
  sf::safetensors_writer writer;
  std::vector<std::vector<float>> values;
  for (auto const& [old_name, tensor] : file.tensors()) {
    auto& here = values.emplace_back(tensor.bytes.size() / sizeof(float));
    file.read_into(old_name, tensor.shape, here.data());
    if (auto const new_name = change(old_name); !new_name.empty()) {
      writer.add(new_name, sf::dtype::f32, tensor.shape, here.data());
    }
  }
  writer.save(target.file("model.safetensors"));
  write(target.file("config.json"), content(fixture(name) + "/config.json"));
}

std::vector<double> read(sf::safetensors_view const& file, std::string const& name) {
  auto const& shape = file.at(name).shape;
  index_t count = 1;
  for (auto const extent : shape) { count *= extent; }
  std::vector<double> values(static_cast<std::size_t>(count));
  file.read_into(name, shape, values.data());
  return values;
}

std::vector<float> images(sf::safetensors_view const& expected) {
  std::vector<float> values(batch * 3 * 12 * 12);
  expected.read_into("inputs", {batch, 3, 12, 12}, values.data());
  return values;
}
std::vector<std::int32_t> words(sf::safetensors_view const& expected) {
  constexpr index_t tokens = bert_small.tokens;
  std::vector<std::int32_t> ids(batch * tokens);
  std::vector<std::int32_t> types(ids.size());
  expected.read_into("inputs", {batch, tokens}, ids.data());
  expected.read_into("types", {batch, tokens}, types.data());
  std::vector<std::int32_t> result;
  for (std::ptrdiff_t i = 0; i < batch; ++i) {
    result.insert(result.end(), ids.begin() + i * tokens, ids.begin() + (i + 1) * tokens);
    result.insert(result.end(), types.begin() + i * tokens, types.begin() + (i + 1) * tokens);
  }
  return result;
}
template <class Model>
auto inputs_for(sf::safetensors_view const& expected) {
  if constexpr (std::is_same_v<typename Model::network_type::input_type, std::int32_t>) {
    return words(expected);
  } else {
    return images(expected);
  }
}

template <class Model>
double logit_error(Model& net, sf::safetensors_view const& expected) {
  auto const logits = sf::testing::logits_of(net, inputs_for<Model>(expected), batch);
  return sf::testing::relative_error({logits.begin(), logits.end()}, read(expected, "logits"));
}

template <class Model>
std::vector<float> weights(Model const& net) {
  std::vector<float> result;
  for (auto const& [name, each] : net.parameters()) {
    result.insert(result.end(), each.data, each.data + each.count());
  }
  return result;
}

/// Loading throws `Error` that says `words`, and changes nothing.
template <class Model, class Error>
void refuses(std::string const& folder, std::string const& words, sf::huggingface_load_options const& options = {}) {
  sf::host device;
  Model net(device);
  auto const before = weights(net);
  std::string message;
  try {
    sf::load_huggingface(net, folder, options);
  } catch (Error const& problem) { message = problem.what(); }
  CAPTURE(message);
  CHECK(message.find(words) != std::string::npos);
  CHECK(weights(net) == before);
}

/// Whether a gradient is zero in exact arithmetic: what shifts all scores of a softmax alike.
bool is_rounding_noise(std::string const& own, std::string const& model) {
  bool const shifts_spans = own == "qa_outputs.bias" || own == "bert.encoder.layer.1.output.LayerNorm.bias";
  return own.ends_with("key.bias") || (model == "bert_qa" && shifts_spans);
}

/// Of the class token's half alone, where the classifier is DINOv2's.
std::vector<double> gradient_of(sf::safetensors_view const& expected, std::string const& own,
                                std::string const& model) {
  auto const values = read(expected, "grad." + (model == "dinov2" ? sf::detail::dinov2_name(own) : own));
  if (model != "dinov2" || own != "classifier.weight") { return values; }
  std::vector<double> half;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 32 < 16) { half.push_back(values[i]); }
  }
  return half;
}

template <class Model>
void compare_with_transformers(std::string const& name) {
  CAPTURE(name);
  sf::host device;
  Model net(device);
  auto const report = sf::load_huggingface(net, fixture(name));
  CHECK(report.missing.empty());
  CHECK(report.unused.size() == (name == "dinov2" ? 1 : 0));  // the token of masked images
  sf::safetensors_file const expected(fixture(name) + "/expected.safetensors");
  CHECK(logit_error(net, expected) < 1e-5);
  auto const& shape = expected.at("labels").shape;
  std::vector<std::int32_t> labels(static_cast<std::size_t>(batch * Model::network_type::loss_type::labels));
  expected.read_into("labels", shape, labels.data());
  auto const result =
      sf::testing::gradients_of(net, inputs_for<Model>(expected), labels, sf::active_set::all(Model::units));
  CHECK(result.loss == doctest::Approx(read(expected, "loss")[0]).epsilon(1e-5));
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    auto const& own = net.parameters()[i].name;
    CAPTURE(own);
    if (is_rounding_noise(own, name)) { continue; }
    CHECK(sf::testing::relative_error(result.gradients[i], gradient_of(expected, own, name)) < 1e-4);
  }
}

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

TEST_CASE("logits, loss and gradients are those of transformers") {
  compare_with_transformers<bert_model>("bert");
  compare_with_transformers<span_model>("bert_qa");
  compare_with_transformers<vit_model>("vit");
  compare_with_transformers<scaled_model<sf::policy::eager>>("dinov2");
  compare_with_transformers<scaled_model<sf::policy::exact>>("dinov2");
}

TEST_CASE("DINOv2 with LayerScale folded gives the same logits") {
  sf::host device;
  dinov2_model net(device);
  auto const report = sf::load_huggingface(net, fixture("dinov2"), {.fold_layer_scale = true});
  CHECK(report.missing.empty());
  CHECK(report.unused == std::vector<std::string>{"dinov2.embeddings.mask_token"});
  sf::safetensors_file const expected(fixture("dinov2") + "/expected.safetensors");
  CHECK(logit_error(net, expected) < 1e-5);
}

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

TEST_CASE("bare bodies, old names and heads of other tasks") {
  scratch_folder const folder;
  sf::host device;
  SUBCASE("BertModel without prefix and head, gamma and beta, position_ids and heads of pre-training") {
    copy_with_names("bert", folder, [](std::string name) {
      if (name == "classifier.weight") { return std::string("cls.predictions.transform.weight"); }
      if (name == "classifier.bias") { return std::string("embeddings.position_ids"); }
      name.erase(0, 5);
      if (name.ends_with("LayerNorm.weight")) { name.replace(name.size() - 6, 6, "gamma"); }
      if (name.ends_with("LayerNorm.bias")) { name.replace(name.size() - 4, 4, "beta"); }
      return name;
    });
    bert_model net(device);
    bert_model whole(device);
    auto const report = sf::load_huggingface(net, folder.path.string());
    CHECK(report.missing == std::vector<std::string>{"classifier.weight", "classifier.bias"});
    CHECK(report.unused == std::vector<std::string>{"cls.predictions.transform.weight", "embeddings.position_ids"});
    sf::load_huggingface(whole, fixture("bert"), {.except = {"classifier"}});
    CHECK(weights(net) == weights(whole));
  }
  SUBCASE("BertForQuestionAnswering has another head and no pooler") {
    bert_model net(device);
    auto const report = sf::load_huggingface(net, fixture("bert_qa"));
    CHECK(report.missing == std::vector<std::string>{"bert.pooler.dense.weight", "bert.pooler.dense.bias",
                                                     "classifier.weight", "classifier.bias"});
    CHECK(report.unused == std::vector<std::string>{"qa_outputs.bias", "qa_outputs.weight"});
  }
  SUBCASE("ViTModel with a pooler") {
    copy_with_names("vit", folder, [](std::string const& name) {
      return name.starts_with("classifier") ? "pooler.dense" + name.substr(10) : name.substr(4);
    });
    vit_model net(device);
    auto const report = sf::load_huggingface(net, folder.path.string());
    CHECK(report.missing == std::vector<std::string>{"classifier.weight", "classifier.bias"});
    CHECK(report.unused == std::vector<std::string>{"pooler.dense.bias", "pooler.dense.weight"});
  }
}

TEST_CASE("LayerScale is updated with its linear's weight, takes what was planned, and is no unit") {
  using model = scaled_model<sf::policy::slim>;
  static_assert(model::units == sf::vit<dinov2_small, sf::policy::slim, sf::host>::units);
  sf::host device;
  model net(device);
  sf::load_huggingface(net, fixture("dinov2"));
  sf::safetensors_file const expected(fixture("dinov2") + "/expected.safetensors");
  std::vector<std::int32_t> const labels{0, 1, 2};
  using schedule = sf::freezing::inter_layer<sf::freezing::random, sf::percent<75>>;
  sf::trainer<model, sf::adamw, schedule> run(net, {.learning_rate = 1e-3}, {.seed = 5});
  for (int step = 0; step < 8; ++step) {
    std::vector<std::vector<float>> before;
    for (auto const& [name, each] : net.parameters()) { before.emplace_back(each.data, each.data + each.count()); }
    auto const report = run.step(images(expected), labels);
    CHECK(report.measured == report.planned);
    for (std::size_t i = 0; i < before.size(); ++i) {
      auto const& name = net.parameters()[i].name;
      auto const& each = net.parameters()[i].value;
      CAPTURE(name);
      if (!name.ends_with("lambda1")) { continue; }
      REQUIRE(each.unit >= 0);
      bool const moved = !std::equal(before[i].begin(), before[i].end(), each.data);
      CHECK(moved == report.active.test(each.unit));
    }
  }
}

TEST_CASE("position tables are interpolated as transformers does it") {
  sf::safetensors_file const file(fixture("dinov2") + "/model.safetensors");
  sf::safetensors_file const expected(fixture("position_tables.safetensors"));
  auto const table = read(file, "dinov2.embeddings.position_embeddings");
  for (index_t const side : {2, 5}) {
    auto const resized = sf::resized_position_table(table, 3, side, 16);
    CHECK(sf::testing::relative_error(resized, read(expected, "side" + std::to_string(side))) < 1e-6);
  }
  CHECK(sf::testing::relative_error(sf::resized_position_table(table, 3, 3, 16), table) < 1e-15);

  constexpr auto larger = [] {
    auto shape = vit_small;
    shape.image = 20;
    return shape;
  }();
  sf::host device;
  sf::vit<larger, sf::policy::eager, sf::host> net(device);
  sf::load_huggingface(net, fixture("vit"));
  sf::safetensors_file const vit_file(fixture("vit") + "/model.safetensors");
  auto const resized = sf::resized_position_table(read(vit_file, "vit.embeddings.position_embeddings"), 3, 5, 16);
  auto const& positions = net.parameters()[1].value;
  REQUIRE(static_cast<std::size_t>(positions.count()) == resized.size());
  CHECK(sf::testing::relative_error({positions.data, positions.data + positions.count()}, resized) < 1e-6);
}

TEST_CASE("configurations that are not what was compiled") {
  scratch_folder const folder;
  auto const refuse = [&](char const* from, char const* to, char const* words) {
    copy_with_config("vit", folder, from, to);
    refuses<vit_model, sf::shape_error>(folder.path.string(), words);
  };
  refuse("\"hidden_size\": 16", "\"hidden_size\": 24", "hidden_size is 24, the model was compiled with 16");
  refuse("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": 1e-5",
         "slimfit::vit_shape{.image = 12, .patch = 4, .channels = 3, .hidden = 16, .heads = 2, .mlp = 32, .layers = 2, "
         ".classes = 3, .norm_epsilon = 1e-05}");
  refuse("\"2\": \"LABEL_2\"", "\"2\": \"a\", \"3\": \"b\"", "id2label: count is 4");
  copy_with_config("bert", folder, "\"vocab_size\": 30", "\"vocab_size\": 31");
  refuses<bert_model, sf::shape_error>(
      folder.path.string(),
      "slimfit::bert_shape{.vocabulary = 31, .positions = 12, .types = 2, .hidden = 16, .heads = 2, .mlp = 32, .layers "
      "= 2, "
      ".classes = 3, .tokens = 7, .padding = 0, .head = slimfit::bert_head::classification, .hidden_dropout = 0, "
      ".attention_dropout = 0, .norm_epsilon = 1e-12}");
  copy_with_config("bert", folder, "\"max_position_embeddings\": 12", "\"max_position_embeddings\": 5");
  refuses<bert_model, sf::shape_error>(folder.path.string(), ".positions = 5, ");
  refuses<bert_model, sf::shape_error>(folder.path.string(), ".tokens = 5, ");
  copy_with_config("bert", folder, "\"hidden_size\": 16", "\"hidden_size\": 17");
  refuses<bert_model, sf::file_error>(folder.path.string(),
                                      "hidden_size is 17, expected a multiple of num_attention_heads");
  copy_with_config("bert", folder, "\"pad_token_id\": 0", "\"pad_token_id\": 3000000000");
  refuses<bert_model, sf::file_error>(folder.path.string(),
                                      "pad_token_id is 3000000000, expected less than vocab_size");
  copy_with_config("vit", folder, "\"patch_size\": 4", "\"patch_size\": 40");
  refuses<vit_model, sf::file_error>(folder.path.string(), "patch_size is 40, expected at most image_size");
  refuses<bert_model, sf::file_error>(fixture("vit"), "expected bert");
  refuses<vit_model, sf::file_error>(fixture("bert"), "expected vit or dinov2");
}

TEST_CASE("configurations that slimfit cannot compute, or that are none") {
  scratch_folder const folder;
  auto const refuse = [&](char const* from, char const* to, char const* words) {
    CAPTURE(to);
    copy_with_config("vit", folder, from, to);
    refuses<vit_model, sf::file_error>(folder.path.string(), words);
  };
  refuse("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "hidden_act is \"relu\"");
  refuse("\"model_type\": \"vit\"", "\"model_type\": \"gpt2\"", "model_type is \"gpt2\"");
  refuse("\"qkv_bias\": true", "\"qkv_bias\": false", "qkv_bias is false");
  refuse("\"image_size\": 12", "\"image_size\": [12, 16]", "expected a square");
  refuse("\"hidden_size\": 16", "\"hidden_size\": 0", "hidden_size is 0");
  refuse("\"hidden_size\": 16", "\"hidden_size\": 16, \"hidden_size\": 16", "expected hidden_size once");
  refuse("\"hidden_size\": 16", "\"hidden_size\": 1.6e1", "config, byte");
  refuse("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": -1", "layer_norm_eps is -1");
  for (std::size_t const levels : {64U, 1000U}) {  // in an object
    auto const deep = std::string(levels, '[') + std::string(levels, ']');
    refuse("\"qkv_bias\": true", ("\"x\": " + deep).c_str(), "nested at most 64 deep");
  }
  CHECK_NOTHROW(sf::parse_huggingface_config(
      "{\"model_type\": \"vit\", \"x\": " + std::string(63, '[') + std::string(63, ']') + "}", "config.json"));
  refuse("\"model_type\": \"vit\"", "\"model_type\": \"v\xE9\"", "in UTF-8");
  write(folder.file("config.json"), "");
  refuses<vit_model, sf::file_error>(folder.path.string(), "config, byte 0");
  write(folder.file("config.json"), "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n");
  refuses<vit_model, sf::file_error>(folder.path.string(), "config.json: is a git-lfs pointer, expected the file");
  refuses<vit_model, sf::file_error>(folder.file("nowhere"), "config.json could not be read");
}

TEST_CASE("numbers that are not finite, prefixes of wrappers, and names to leave out that are none") {
  scratch_folder const folder;
  refuses<vit_model, sf::value_error>(fixture("vit"), "except is \"clasifier\", expected the name of a parameter",
                                      {.except = {"classifier", "clasifier"}});
  for (std::string const prefix : {"module.", "_orig_mod.", "model.base."}) {
    copy_with_names("vit", folder, [&](std::string const& name) { return prefix + name; });
    refuses<vit_model, sf::file_error>(folder.path.string(), "its prefix \"" + prefix);
    copy_with_names("bert", folder, [&](std::string const& name) { return prefix + name; });
    refuses<bert_model, sf::file_error>(folder.path.string(), "its prefix \"" + prefix);
  }
  sf::host device;
  vit_model net(device);
  for (float const value : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    sf::load_huggingface(net, fixture("vit"));
    net.parameters()[5].value.data[7] = value;
    std::filesystem::copy(fixture("vit") + "/config.json", folder.path,
                          std::filesystem::copy_options::overwrite_existing);
    sf::safetensors_writer writer;
    for (auto const& [name, each] : net.parameters()) {
      writer.add(name, sf::dtype::f32, {each.shape.begin(), each.shape.begin() + each.rank}, each.data);
    }
    writer.save(folder.file("model.safetensors"));
    refuses<vit_model, sf::file_error>(
        folder.path.string(), "tensor " + net.parameters()[5].name + ", element 7 is " + std::to_string(value));
  }
}

TEST_CASE("a folder's files are its own: no links, no pipes") {
  scratch_folder const folder;
  constexpr auto anew = std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing;
  auto const links = [&](std::string const& name) {
    std::filesystem::copy(fixture("vit"), folder.path, anew);
    std::filesystem::remove(folder.file(name));
    std::filesystem::create_symlink(fixture("vit") + "/" + name, folder.file(name));
    refuses<vit_model, sf::file_error>(folder.path.string(), name + " could not be read: it is a symbolic link");
    std::filesystem::remove(folder.file(name));
    REQUIRE(::mkfifo(folder.file(name).c_str(), 0600) == 0);
    refuses<vit_model, sf::file_error>(folder.path.string(), name + " could not be read: expected a regular file");
    std::filesystem::remove(folder.file(name));
  };
  links("config.json");
  links("model.safetensors");
  std::filesystem::copy(fixture("vit"), folder.path, anew);
  std::filesystem::resize_file(folder.file("config.json"), 65 * sf::MiB);
  refuses<vit_model, sf::file_error>(folder.path.string(), "config.json could not be read: it has 68157440 bytes");
}

TEST_CASE("names of classes in a configuration") {
  auto const parse = [](std::string const& members) {
    return sf::parse_huggingface_config("{\"model_type\": \"bert\", " + members + "}", "config.json");
  };
  using names = std::vector<std::string>;
  auto const both = parse(R"("label2id": {"b": 1, "a": 0}, "id2label": {"1": "b", "0": "a"})");
  CHECK(both.labels == names{"a", "b"});
  CHECK(both.labels_agree);
  CHECK(both.classes == 2);
  CHECK_FALSE(parse(R"("label2id": {"b": 0, "a": 1}, "id2label": {"1": "b", "0": "a"})").labels_agree);
  CHECK(parse(R"("label2id": {"c": 2, "b": 1, "a": 0}, "num_labels": 3)").labels == names{"a", "b", "c"});
  CHECK(parse(R"("id2label": {"0": 7, "1": 8, "2": 9})").labels == names{"7", "8", "9"});  // as old files have them
  // Without a name for each number there are classes, but no names.
  for (std::string const odd :
       {R"("id2label": {"0": "a", "2": "b", "5": "c"})", R"("id2label": {"0": [], "1": {}, "2": 1.5})"}) {
    CHECK(parse(odd).classes == 3);
    CHECK(parse(odd).labels.empty());
  }
  CHECK(parse(R"("num_labels": 3)").labels.empty());
}

TEST_CASE("names of classes are saved as JSON, whatever bytes they hold") {
  scratch_folder const folder;
  sf::host device;
  bert_model const net(device);
  sf::save_huggingface(net, folder.path.string(), {.labels = {"caf\u00e9", "a \"b\"\\\n", "caf\xE9"}});
  CHECK(sf::read_huggingface_config(folder.path.string()).labels ==
        std::vector<std::string>{"caf\u00e9", "a \"b\"\\\n", "caf\uFFFD"});
}

TEST_CASE("tensors that are missing, unknown or of another shape") {
  scratch_folder const folder;
  std::string const lost = "vit.encoder.layer.1.output.dense.weight";
  copy_with_names("vit", folder, [&](std::string const& name) { return name == lost ? "other" : name; });
  refuses<vit_model, sf::file_error>(folder.path.string(), "tensor " + lost + " is missing");
  refuses<vit_model, sf::file_error>(folder.path.string(), "unless allow_unused: other", {.allow_missing = true});
  sf::host device;
  vit_model net(device);
  auto const report = sf::load_huggingface(net, folder.path.string(), {.allow_missing = true, .allow_unused = true});
  CHECK(report.missing == std::vector<std::string>{lost});
  CHECK(report.unused == std::vector<std::string>{"other"});

  refuses<dinov2_model, sf::file_error>(fixture("dinov2"), "or fold_layer_scale");
  copy_with_names("vit", folder, [](std::string name) {
    if (name == "vit.layernorm.weight") { return std::string("vit.embeddings.position_embeddings"); }
    return name == "vit.embeddings.position_embeddings" ? std::string("vit.layernorm.weight") : name;
  });
  refuses<vit_model, sf::file_error>(folder.path.string(), "expected [1, 1 + side * side, 16]");
}

TEST_CASE("indices of several files") {
  scratch_folder const folder;
  sf::host device;
  vit_model net(device, 1);
  sf::save_huggingface(net, folder.path.string(), {.largest_file = 8000});
  auto const index = folder.file("model.safetensors.index.json");
  auto const good = content(index);
  std::string const shard = "model-00001-of-";
  auto const refuse = [&](std::string const& text, char const* words) {
    write(index, text);
    refuses<vit_model, sf::file_error>(folder.path.string(), words);
  };
  refuse(replaced(good, "\"model-0", "\"../model-0"), "expected the name of a file in the same folder");
  refuse(replaced(good, "\"model-0", "\"no-model-0"), "could not be read");
  refuse(replaced(good, "vit.embeddings.cls_token", "vit.embeddings.other"), "is not in");
  refuse("{\"weight_map\": {}, \"weight_map\": {}}", "expected one weight_map");
  refuse("{}", "expected a weight_map");
  auto const line = good.find("    \"vit.embeddings.cls_token\"");
  refuse(good.substr(0, line) + good.substr(good.find('\n', line) + 1), "as well");
  write(index, good);
  std::filesystem::remove(
      folder.file(good.substr(good.find(shard), good.find(".safetensors") + 12 - good.find(shard))));
  refuses<vit_model, sf::file_error>(folder.path.string(), "could not be read");
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
