// SPDX-License-Identifier: MIT
// Configurations of `transformers`: what they must say, and what is refused.
#include "support/huggingface_folders.hpp"

namespace sf = slimfit;
using namespace slimfit::testing::huggingface;
using sf::index_t;
using sf::test::scratch_folder;

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
