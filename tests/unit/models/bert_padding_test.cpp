// SPDX-License-Identifier: MIT
// BERT on sequences of several lengths: padding changes nothing, whether it is masked or dropped, and what is dropped
// takes no memory.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <random>

#include "support/gradients.hpp"

namespace sf = slimfit;
using sf::index_t;

namespace {

template <sf::bert_head Head>
constexpr sf::bert_shape shape{.vocabulary = 50,
                               .positions = 16,
                               .hidden = 16,
                               .heads = 2,
                               .mlp = 32,
                               .layers = 2,
                               .classes = 3,
                               .tokens = 12,
                               .head = Head};

template <class Preset>
struct masked : Preset {
  static constexpr sf::padding_tokens padding = sf::padding_tokens::masked;
};
template <class Preset>
struct dropped : Preset {
  static constexpr sf::padding_tokens padding = sf::padding_tokens::dropped;
};
template <class Preset>
struct filled : Preset {
  static constexpr sf::padding_tokens padding = sf::padding_tokens::filled;
};

constexpr std::array<index_t, 4> lengths{5, 12, 1, 9};

/// Sequences of `lengths` tokens, filled up with zeros.
std::vector<std::int32_t> padded_ids() {
  std::mt19937 engine(3);
  std::vector<std::int32_t> ids;
  for (auto const length : lengths) {
    for (int part = 0; part < 2; ++part) {
      for (index_t token = 0; token < 12; ++token) {
        auto const id = part == 0 ? 1 + static_cast<std::int32_t>(engine() % 49) : token > 3 ? 1 : 0;
        ids.push_back(token < length ? id : 0);
      }
    }
  }
  return ids;
}

template <sf::bert_head Head>
auto some_labels() {
  if constexpr (Head == sf::bert_head::regression) {
    return std::vector<float>{0.5F, -2, 1, 3};
  } else if constexpr (Head == sf::bert_head::span) {
    return std::vector<std::int32_t>{1, 4, 0, 11, 0, 0, 7, 8};
  } else {
    return std::vector<std::int32_t>{2, 0, 1, 1};
  }
}

/// The mean loss and gradients of samples that are run one by one, so that none has padding.
template <class Model, class Labels>
sf::testing::pass_result one_by_one(Model& net, std::vector<std::int32_t> const& ids, Labels const& labels,
                                    sf::active_set const& active) {
  sf::testing::pass_result sum;
  auto const samples = lengths.size();
  auto const each_label = labels.size() / samples;
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<std::int32_t> const own(ids.begin() + static_cast<std::ptrdiff_t>(i * 24),
                                        ids.begin() + static_cast<std::ptrdiff_t>((i + 1) * 24));
    Labels const label(labels.begin() + static_cast<std::ptrdiff_t>(i * each_label),
                       labels.begin() + static_cast<std::ptrdiff_t>((i + 1) * each_label));
    auto const one = sf::testing::gradients_of(net, own, label, active);
    sum.loss += one.loss / static_cast<double>(samples);
    sum.gradients.resize(one.gradients.size());
    for (std::size_t p = 0; p < one.gradients.size(); ++p) {
      sum.gradients[p].resize(one.gradients[p].size());
      for (std::size_t e = 0; e < one.gradients[p].size(); ++e) {
        sum.gradients[p][e] += one.gradients[p][e] / static_cast<double>(samples);
      }
    }
  }
  return sum;
}

template <class Policy, sf::bert_head Head>
void compare(double tolerance) {
  using model = sf::bert<shape<Head>, Policy, sf::host, double>;
  using reference = sf::bert<shape<Head>, masked<sf::policy::eager>, sf::host, double>;
  auto const ids = padded_ids();
  auto const labels = some_labels<Head>();
  auto const all = sf::active_set::all(model::units);
  sf::host device({.threads = 2});
  reference expected_net(device, 5);
  model net(device, 5);
  // Larger weights than a new model's, so that attention is not even.
  for (auto* const parameters : {&expected_net.parameters(), &net.parameters()}) {
    for (auto const& [name, each] : *parameters) {
      for (index_t i = 0; each.rank == 2 && i < each.count(); ++i) { each.data[i] *= 12; }
    }
  }
  auto const expected = one_by_one(expected_net, ids, labels, all);
  auto const actual = sf::testing::gradients_of(net, ids, labels, all);
  CHECK(actual.loss == doctest::Approx(expected.loss).epsilon(1e-12));
  for (std::size_t i = 0; i < actual.gradients.size(); ++i) {
    auto const& name = net.parameters()[i].name;
    CAPTURE(name);
    // Zero but for rounding noise: what adds the same to all scores of a softmax.
    bool const shifts_all = Head == sf::bert_head::span &&
                            (name == "qa_outputs.bias" || name == "bert.encoder.layer.1.output.LayerNorm.bias");
    if (name.ends_with(".key.bias") || shifts_all) { continue; }
    CHECK(sf::testing::relative_error(actual.gradients[i], expected.gradients[i]) < tolerance);
  }
  // Nobody trains the padding's word.
  for (int i = 0; i < 16; ++i) { CHECK(actual.gradients[0][static_cast<std::size_t>(i)] == 0); }
}

template <sf::bert_head Head>
void compare_all() {
  compare<masked<sf::policy::eager>, Head>(1e-10);
  compare<dropped<sf::policy::eager>, Head>(1e-10);
  compare<masked<sf::policy::exact>, Head>(1e-10);
  compare<dropped<sf::policy::exact>, Head>(1e-10);
  if constexpr (Head != sf::bert_head::span) {  // whose loss is over padding, too, then
    compare<filled<sf::policy::eager>, Head>(1e-10);
    compare<filled<sf::policy::exact>, Head>(1e-10);
  }
}

/// Chunks of one or two sequences: what small models would not be cut into.
template <class Preset>
struct cut : Preset {
  using chunk = sf::chunk::tokens<1>;
};
template <class Preset, sf::bert_head Head = sf::bert_head::classification>
void compare_plan_with_ledger() {
  using model = sf::bert<shape<Head>, Preset, sf::host>;
  sf::host device({.threads = 2});
  model net(device);
  sf::trainer trainer(net, sf::adamw{.learning_rate = 1e-4});
  auto const bound = sf::plan<model>(4).bound();
  std::mt19937 engine(1);
  for (int step = 0; step < 12; ++step) {
    auto ids = padded_ids();
    for (std::size_t sample = 0; sample < 4 && step > 0; ++sample) {
      for (std::size_t i = 11; i > engine() % 12; --i) { ids[sample * 24 + i] = 0; }
    }
    auto const report = trainer.step(ids, some_labels<Head>());
    CHECK(report.measured == report.planned);
    CHECK(report.measured.total <= bound.total);
    CHECK(report.measured.stored <= bound.stored);
    CHECK(report.measured.temporary <= bound.temporary);
  }
}

}  // namespace

TEST_CASE("bert: padding changes neither loss nor gradients of classification") {
  compare_all<sf::bert_head::classification>();
}
TEST_CASE("bert: padding changes neither loss nor gradients of regression") {
  compare_all<sf::bert_head::regression>();
}
TEST_CASE("bert: padding changes neither loss nor gradients of question answering") {
  compare_all<sf::bert_head::span>();
}

TEST_CASE("bert: plans of padded batches are the ledger") {
  compare_plan_with_ledger<sf::policy::eager>();
  compare_plan_with_ledger<dropped<sf::policy::eager>>();
  compare_plan_with_ledger<sf::policy::paper>();
  compare_plan_with_ledger<dropped<sf::policy::paper>>();
  compare_plan_with_ledger<sf::policy::exact>();
  compare_plan_with_ledger<sf::policy::slim>();
  compare_plan_with_ledger<masked<sf::policy::slim>>();
  compare_plan_with_ledger<cut<sf::policy::slim>>();
  compare_plan_with_ledger<cut<sf::policy::paper>>();
  compare_plan_with_ledger<sf::policy::paper_published>();
  compare_plan_with_ledger<cut<sf::policy::paper_published>>();
  compare_plan_with_ledger<sf::policy::paper_published, sf::bert_head::span>();
  compare_plan_with_ledger<sf::policy::slim, sf::bert_head::span>();
  compare_plan_with_ledger<sf::policy::eager, sf::bert_head::span>();
  compare_plan_with_ledger<sf::policy::exact, sf::bert_head::regression>();
}

TEST_CASE("bert: dropped padding is not stored") {
  using with = sf::bert<shape<sf::bert_head::classification>, masked<sf::policy::exact>, sf::host>;
  using without = sf::bert<shape<sf::bert_head::classification>, sf::policy::exact, sf::host>;
  sf::host device;
  with padded_net(device);
  without packed_net(device);
  auto const ids = padded_ids();
  auto const labels = some_labels<sf::bert_head::classification>();
  auto const padded = sf::trainer(padded_net, sf::adamw{}).step(ids, labels).measured.stored;
  auto const packed = sf::trainer(packed_net, sf::adamw{}).step(ids, labels).measured.stored;
  // 27 of 48 rows are tokens; what is kept of the first tokens only is the same.
  CHECK(static_cast<double>(packed) < 0.6 * static_cast<double>(padded));
}

TEST_CASE("bert: predictions do not depend on the batch") {
  using model = sf::bert<shape<sf::bert_head::span>, sf::policy::slim, sf::host>;
  sf::host device;
  model net(device, 2);
  sf::trainer trainer(net, sf::adamw{});
  auto const ids = padded_ids();
  auto const together = trainer.predict(ids, 4);
  auto const alone = trainer.predict(ids, 1);
  REQUIRE(together.size() == 4 * 24);
  for (std::size_t i = 0; i < together.size(); ++i) {
    bool const is_padding = static_cast<index_t>(i % 24 / 2) >= lengths[i / 24];
    if (is_padding) {
      CHECK(together[i] == -std::numeric_limits<float>::infinity());
      CHECK(alone[i] == together[i]);
    } else {
      CHECK(alone[i] == doctest::Approx(together[i]).epsilon(1e-4));
    }
  }
}

TEST_CASE("bert: labels outside their range are refused") {
  sf::host device;
  sf::bert<shape<sf::bert_head::span>, sf::policy::slim, sf::host> spans(device);
  sf::trainer span_trainer(spans, sf::adamw{});
  auto const ids = padded_ids();
  CHECK_THROWS_WITH_AS(span_trainer.step(ids, std::vector<std::int32_t>{1, 4, 0, 11, 0, 0, 7, 12}),
                       "slimfit: label (a token of the answer) is 12, expected 0 to 11", sf::value_error);
  CHECK_THROWS_AS(span_trainer.step(ids, std::vector<std::int32_t>{1, 4, 0, 11, 0, 0, 7}), sf::shape_error);
  sf::bert<shape<sf::bert_head::regression>, sf::policy::slim, sf::host> numbers(device);
  sf::trainer number_trainer(numbers, sf::adamw{});
  CHECK_THROWS_AS(number_trainer.step(ids, std::vector<float>{1, 2, std::nanf(""), 1}), sf::value_error);
}
