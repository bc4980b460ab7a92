// SPDX-License-Identifier: MIT
// Gradients of embedding tables that come in parts: the same bits as whole ones, in less memory.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/optim/sgd.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

/// The word table has more than two parts of 256 rows, the last one shorter.
constexpr bert_shape shape{
    .vocabulary = 600, .positions = 16, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 3, .tokens = 7};
using table_type = embedding<shape.vocabulary, shape.positions, shape.types, shape.hidden, float>;
static_assert(table_type::rows_at_once == 256);

struct in_parts : policy::exact {};
struct whole : policy::exact {
  static constexpr bool releases_gradients = false;
};

/// Words of every part, some of them twice, among them the first and the last of each.
std::vector<std::int32_t> const ids{2,   255, 256, 257, 511, 512, 599, 0, 0, 0, 0, 1, 1, 1,  //
                                    599, 3,   3,   300, 255, 1,   2,   0, 0, 0, 0, 0, 0, 1};
std::vector<std::int32_t> const labels{2, 0};

template <class Policy, class Optimizer>
std::pair<std::vector<float>, std::vector<double>> trained(Optimizer const& options) {
  host device({.threads = 2});
  bert<shape, Policy, host> net(device, 3);
  trainer run(net, options);
  for (int i = 0; i < 3; ++i) {
    auto const report = run.step(ids, labels);
    CHECK(report.measured == report.planned);
  }
  auto const& words = net.parameters()[0].value;
  std::vector<float> const weights(words.data, words.data + words.count());
  auto const measured = run.optimizer().statistics(words.position, words.count());
  return {weights, {measured.relative_update, measured.gradient_norm}};
}

}  // namespace

TEST_CASE("embedding: a table updated in parts is updated as a whole one, to the bit, and measured so") {
  CHECK(trained<in_parts>(adamw{.learning_rate = 1e-2}) == trained<whole>(adamw{.learning_rate = 1e-2}));
  CHECK(trained<in_parts>(sgd{.learning_rate = 1e-2, .momentum = 0.9}) ==
        trained<whole>(sgd{.learning_rate = 1e-2, .momentum = 0.9}));
  CHECK(trained<in_parts>(sgd{.learning_rate = 1e-2}) == trained<whole>(sgd{.learning_rate = 1e-2}));
}

TEST_CASE("embedding: gradients in parts are those of plain loops") {
  constexpr index_t rows = 14;
  host device({.threads = 1});
  table_type table;
  std::vector<float> weights(1 << 16);
  index_t at = 0;
  int position = 0;
  table.visit(
      [&](parameter<float>& each, auto const& /*name*/) {
        each.data = weights.data() + at;
        each.position = position++;
        at += each.count();
      },
      no_name{});
  std::vector<std::int32_t> const words{2, 255, 256, 257, 511, 512, 599, 599, 3, 3, 300, 255, 1, 2};
  std::vector<std::int32_t> const types{0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1};
  std::vector<std::int32_t> const places{0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6};
  auto const gradient = test::normal<float>(rows * shape.hidden, 1);
  test::tape tape;
  testing::recording_updates updates;
  context<host, testing::recording_updates> run{device, tape.memory(), updates, active_set::all(3), true, 0, 0};
  std::vector<std::int32_t> ids = words;
  ids.insert(ids.end(), types.begin(), types.end());
  ids.insert(ids.end(), places.begin(), places.end());
  table.backward(run, sequence_batch(rows, 1), ids.data(), {.output_gradient = gradient.data()});
  auto const check = [&](std::size_t which, std::vector<std::int32_t> const& of, index_t count) {
    std::vector<double> expected(test::length(count * shape.hidden));
    for (std::size_t row = 0; row < of.size(); ++row) {
      for (std::size_t i = 0; i < shape.hidden; ++i) {
        expected[test::length(of[row]) * shape.hidden + i] += static_cast<double>(gradient[row * shape.hidden + i]);
      }
    }
    REQUIRE(updates.gradients[which].size() == expected.size());
    CHECK(test::relative_error(updates.gradients[which], expected) < 1e-7);  // sums of two to four floats
  };
  check(0, words, shape.vocabulary);
  check(1, places, shape.positions);
  check(2, types, shape.types);
}

TEST_CASE("embedding: parts that do not fit an optimizer's blocks are refused") {
  host device;
  adamw::optimizer<host, float> optimizer(device, {}, 1, 10000);
  std::vector<float> weights(10000);
  std::vector<float> const gradient(10000);
  optimizer.begin_step();
  CHECK_THROWS_AS(optimizer.enqueue_part(0, weights.data(), gradient.data(), 10000, {1, 4096}), shape_error);
  CHECK_THROWS_AS(optimizer.enqueue_part(0, weights.data(), gradient.data(), 10000, {8192, 4096}), shape_error);
}
