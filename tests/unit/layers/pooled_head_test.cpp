// SPDX-License-Identifier: MIT
// Heads that read all tokens: gradients, padding, weights of a program's own, and rows that a network must not leave
// out.
#include <slimfit/layers/pooled_head.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/layer_check.hpp"
#include "support/run_rows.hpp"

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

namespace {

/// Two sequences of three tokens and one, padded to three or one after the other: their means, and what each row gets
/// of a gradient.
template <class Group>
void check_pooling(sequence_rows const& where, std::vector<index_t> const& first_rows, index_t all_rows) {
  constexpr int width = 5;
  std::vector<index_t> const tokens{3, 1};
  auto const rows = test::normal<double>(all_rows * width, 1);
  test::vector<double> pooled(2 * width);
  test::run_rows<Group>(2, kernels::pool_rows<pooling::mean, width, double>{rows.data(), where, pooled.data()});
  test::vector<double> spread(rows.size(), 7);
  test::run_rows<Group>(2, kernels::spread_pooled<pooling::mean, width, double>{pooled.data(), where, spread.data()});
  for (std::size_t s = 0; s < 2; ++s) {
    for (std::size_t j = 0; j < width; ++j) {
      double sum = 0;
      for (index_t i = 0; i < tokens[s]; ++i) { sum += rows[static_cast<std::size_t>(first_rows[s] + i) * width + j]; }
      double const mean = sum / static_cast<double>(tokens[s]);
      CHECK(pooled[s * width + j] == doctest::Approx(mean));
      for (index_t i = 0; i < where.rows(static_cast<index_t>(s)); ++i) {
        double const expected = i < tokens[s] ? mean / static_cast<double>(tokens[s]) : 0;
        CHECK(spread[static_cast<std::size_t>(first_rows[s] + i) * width + j] == doctest::Approx(expected));
      }
    }
  }
}

}  // namespace

TEST_CASE("pooling: padding counts for nothing and gets no gradient, with and without rows of its own") {
  std::vector<std::int32_t> const lengths{3, 1};
  std::vector<std::int32_t> const starts{0, 3, 4};
  check_pooling<serial_group>({.tokens = 3, .lengths = lengths.data()}, {0, 3}, 6);
  check_pooling<test::emulated_group<4>>({.tokens = 3, .lengths = lengths.data()}, {0, 3}, 6);
  check_pooling<serial_group>({.tokens = 3, .starts = starts.data()}, {0, 3}, 4);
}
