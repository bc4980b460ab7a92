// SPDX-License-Identifier: MIT
// Heads that read all tokens: gradients, padding, weights of a program's own, and rows that a network must not leave
// out.
#include <slimfit/layers/pooled_head.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

namespace {

/// The last token alone.
struct last_token {
  template <class T>
  SLIMFIT_HD static constexpr T weight(index_t token, index_t tokens) {
    return token == tokens - 1 ? T{1} : T{};
  }
};

/// A head's `visit` takes two names; layers have one.
template <class Weights, class Policy = policy::exact>
struct head : pooled_head<6, 3, Weights, Policy, double> {
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    pooled_head<6, 3, Weights, Policy, double>::visit(visitor, name + ".norm", name + ".classifier");
  }
};

struct in_parts : policy::exact {
  using chunk = slimfit::chunk::tokens<1>;
};

constexpr vit_shape image_shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 24, .layers = 2, .classes = 3};
template <class Policy, scalar T>
struct pooled_vit_parts : vit_parts<image_shape, Policy, T> {
  using head = pooled_head<image_shape.hidden, image_shape.classes, pooling::mean_of_patches, Policy, T>;
};
template <class Policy, scalar T>
struct pooled_vit : vit_network<image_shape, Policy, T, pooled_vit_parts<Policy, T>> {};

struct dropped : policy::exact {
  static constexpr padding_tokens padding = padding_tokens::dropped;
};
struct masked : policy::exact {
  static constexpr padding_tokens padding = padding_tokens::masked;
};

constexpr bert_shape text_shape{
    .vocabulary = 20, .positions = 16, .hidden = 16, .heads = 2, .mlp = 24, .layers = 2, .classes = 2, .tokens = 8};
template <class Policy, scalar T>
struct pooled_bert_parts : bert_parts<text_shape, Policy, T> {
  using head = pooled_head<text_shape.hidden, text_shape.classes, pooling::mean, Policy, T>;
};
template <class Policy, scalar T>
struct pooled_bert : bert_network<text_shape, Policy, T, pooled_bert_parts<Policy, T>> {};

}  // namespace

TEST_CASE("pooled_head: gradients are differences of the loss") {
  for (index_t const tokens : {1, 5}) {
    sequence_batch const batch(4, tokens);
    index_t const outputs_per_row = 3;  // scores of a sequence are as many as the check asks for of its first row
    if (tokens == 1) { testing::layer_check<head<pooling::mean>>(batch, 6, outputs_per_row).check_gradients(); }
    testing::layer_check<head<pooling::mean>>(batch, 6, 3, live_rows::first).check_gradients();
    testing::layer_check<head<last_token>>(batch, 6, 3, live_rows::first).check_gradients();
    testing::layer_check<head<pooling::mean, in_parts>>(batch, 6, 3, live_rows::first).check_gradients();
  }
}

TEST_CASE("pooled_head refuses a residual and a gradient that is missing or to be added") {
  testing::layer_check<head<pooling::mean>>(sequence_batch(4, 1), 6, 3).check_refusals(false);
}

TEST_CASE("a vision transformer that pools its patches computes and keeps all rows, as planned") {
  using network = pooled_vit<policy::slim, float>;
  static_assert(network::live == live_rows::all);
  static_assert(vit_network<image_shape, policy::slim, float>::live == live_rows::first);
  host device({.threads = 2});
  model<network, host> net(device, 1);
  trainer run(net, adamw{.learning_rate = 3e-3});
  auto const images = test::normal<float>(3 * network::inputs, 5);
  std::vector<float> const inputs(images.begin(), images.end());
  std::vector<std::int32_t> const labels{0, 2, 1};
  double const first = run.step(inputs, labels).loss;
  step_report last;
  for (int i = 0; i < 60; ++i) {
    last = run.step(inputs, labels);
    CHECK(last.measured == last.planned);
  }
  CHECK(last.loss < 0.5 * first);
}

TEST_CASE("a BERT that pools its tokens does not see padding, kept or dropped") {
  auto const scores_of = []<class Policy>(Policy /*policy*/, std::vector<std::int32_t> const& ids) {
    host device({.threads = 1});
    model<pooled_bert<Policy, double>, host> net(device, 7);
    trainer run(net, adamw{});
    return run.predict(ids, 2);
  };
  // The ids of 8 words, then those of their types; the second sample has 3 words.
  std::vector<std::int32_t> ids{4, 5, 6, 7, 8, 9, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0,
                                4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  auto const with_mask = scores_of(masked{}, ids);
  auto const without = scores_of(dropped{}, ids);
  REQUIRE(with_mask.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) { CHECK(with_mask[i] == doctest::Approx(without[i]).epsilon(1e-12)); }
}
