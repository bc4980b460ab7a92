// SPDX-License-Identifier: MIT
// Loading from folders of `transformers`: its numbers (fixtures/make_huggingface.py), tensors under other names, and
// everything that is refused.
#include <sys/stat.h>

#include "support/huggingface_folders.hpp"

namespace sf = slimfit;
using namespace slimfit::testing::huggingface;
using sf::index_t;
using sf::test::scratch_folder;

namespace {

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
