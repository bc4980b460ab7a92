// SPDX-License-Identifier: MIT
// BERT against PyTorch's numbers, policies against each other, plans against ledgers.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <random>

#include "support/gradients.hpp"
#include "support/small_bert.hpp"

namespace sf = slimfit;
using sf::index_t;

namespace {

constexpr sf::bert_shape small = sf::testing::small_bert_shape;
constexpr index_t batch = 3;

/// Policies with every unit active in training.
template <class Policy>
struct all_active : Policy {
  using freezing = sf::freezing::never;
};
/// Biases move only with their unit, so the backward pass may end early.
struct exact_with_unit : sf::policy::exact {
  static constexpr sf::bias_updates biases = sf::bias_updates::with_unit;
};
struct slim_with_unit : sf::policy::slim {
  static constexpr sf::bias_updates biases = sf::bias_updates::with_unit;
};

template <class Policy, class T = double>
using small_bert = sf::bert<small, Policy, sf::host, T>;

template <class T>
struct fixture {
  sf::safetensors_file file;
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> labels = std::vector<std::int32_t>(batch);

  static std::string path(std::string const& suffix) {
    return std::string(SLIMFIT_FIXTURES) + "/bert_small_" + (std::is_same_v<T, double> ? "f64" : "f32") + suffix +
           ".safetensors";
  }
  fixture() : file(path("")) {
    std::vector<std::int32_t> ids(batch * small.tokens);
    std::vector<std::int32_t> types(ids.size());
    file.read_into("input.ids", {batch, small.tokens}, ids.data());
    file.read_into("input.types", {batch, small.tokens}, types.data());
    file.read_into("input.labels", {batch}, labels.data());
    for (std::ptrdiff_t i = 0; i < batch; ++i) {
      auto const first = i * small.tokens;
      inputs.insert(inputs.end(), ids.begin() + first, ids.begin() + first + small.tokens);
      inputs.insert(inputs.end(), types.begin() + first, types.begin() + first + small.tokens);
    }
  }
  template <class Model>
  void load(Model& net) const {
    for (auto const& [name, each] : net.parameters()) {
      std::vector<index_t> const shape(each.shape.begin(), each.shape.begin() + each.rank);
      file.read_into("weight." + name, shape, each.data);
    }
  }
};

std::vector<double> tensor(sf::safetensors_view const& file, std::string const& name) {
  auto const& shape = file.at(name).shape;
  index_t count = 1;
  for (auto const extent : shape) { count *= extent; }
  std::vector<double> values(static_cast<std::size_t>(count));
  file.read_into(name, shape, values.data());
  return values;
}
/// Their gradient is zero but for rounding noise.
bool is_key_bias(std::string const& name) { return name.ends_with(".key.bias"); }

template <class Policy, class T = double>
sf::testing::pass_result pass(sf::active_set const& active, int threads = 2) {
  fixture<T> const reference;
  sf::host device({.threads = threads});
  small_bert<Policy, T> net(device);
  reference.load(net);
  return sf::testing::gradients_of(net, reference.inputs, reference.labels, active);
}
template <class Policy, class T = double>
sf::testing::pass_result pass() {
  return pass<Policy, T>(sf::active_set::all(small_bert<Policy, T>::units));
}
/// Norm-wise error of the whole gradient.
template <class Policy>
double gradient_error() {
  auto const flat = [](sf::testing::pass_result const& result) {
    std::vector<double> values;
    for (auto const& each : result.gradients) { values.insert(values.end(), each.begin(), each.end()); }
    return values;
  };
  return sf::testing::relative_error(flat(pass<Policy>()), flat(pass<sf::policy::exact>()));
}

template <class T, class Policy>
void compare_with_pytorch(double loss_tolerance, double gradient_tolerance) {
  fixture<T> const reference;
  auto const result = pass<Policy, T>();
  CHECK(result.loss == doctest::Approx(tensor(reference.file, "loss")[0]).epsilon(loss_tolerance));
  sf::host device;
  small_bert<Policy, T> const net(device);
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    auto const& name = net.parameters()[i].name;
    CAPTURE(name);
    if (is_key_bias(name)) { continue; }
    CHECK(sf::testing::relative_error(result.gradients[i], tensor(reference.file, "grad." + name)) <
          gradient_tolerance);
  }
}

template <class T, class Policy>
void compare_steps_with_pytorch(double tolerance) {
  fixture<T> const reference;
  sf::safetensors_file const after(fixture<T>::path(std::is_same_v<T, double> ? "_adamw" : ""));
  sf::host device({.threads = 2});
  small_bert<all_active<Policy>, T> net(device);
  reference.load(net);
  sf::trainer trainer(net, sf::adamw{.learning_rate = 1e-3, .weight_decay = 0.01});
  for (int i = 0; i < 3; ++i) {
    auto const report = trainer.step(reference.inputs, reference.labels);
    CHECK(report.measured == report.planned);
  }
  for (auto const& parameter : net.parameters()) {
    auto const& name = parameter.name;
    if (is_key_bias(name)) { continue; }
    CAPTURE(name);
    std::vector<double> const weights(parameter.value.data, parameter.value.data + parameter.value.count());
    CHECK(sf::testing::relative_error(weights, tensor(after, "after3." + name)) < tolerance);
  }
}

template <class Policy>
void compare_plan_with_ledger() {
  using model = small_bert<Policy>;
  fixture<double> const reference;
  sf::host device({.threads = 2});
  model net(device);
  reference.load(net);
  sf::trainer trainer(net, sf::adamw{.learning_rate = 1e-4});
  auto const bound = sf::plan<model>(batch).bound();
  for (int i = 0; i < 12; ++i) {
    auto const report = trainer.step(reference.inputs, reference.labels);
    CHECK(report.measured == report.planned);
    CHECK(report.measured.total <= bound.total);
    CHECK(report.measured.stored <= bound.stored);
    CHECK(report.measured.temporary <= bound.temporary);
  }
  std::mt19937 random(7);
  for (index_t count = 0; count <= model::units; count += 3) {
    sf::active_set active;
    while (active.count() < count) { active.set(static_cast<index_t>(random()) % model::units); }
    auto const planned = sf::plan<model>(batch).with(active);
    auto const most = sf::plan<model>(batch).bound(count);
    CHECK(planned.total <= most.total);
    CHECK(planned.stored <= most.stored);
    CHECK(planned.temporary <= most.temporary);
  }
}

}  // namespace

TEST_CASE("bert: units and names") {
  using model = sf::bert<sf::shapes::bert_base_uncased, sf::policy::slim, sf::host>;
  static_assert(model::units == 102);
  static_assert(model::layout.parameters == 109483778);
  constexpr sf::bert_shape outside{.classifier_kind = sf::parameter_kind::always_active};
  static_assert(sf::bert<outside, sf::policy::slim, sf::host>::units == 101);

  sf::host device;
  small_bert<sf::policy::slim> const net(device);
  fixture<double> const reference;
  CHECK(net.unit_names().size() == 3 + 2 * 8 + 3);
  CHECK(net.unit_names()[3] == "bert.embeddings.LayerNorm.weight");
  CHECK(net.unit_names()[11] == "bert.encoder.layer.0.output.LayerNorm.weight");
  CHECK(net.unit_names()[19] == "bert.encoder.layer.1.output.LayerNorm.weight");
  for (auto const& parameter : net.parameters()) {
    auto const& name = parameter.name;
    CAPTURE(name);
    CHECK(reference.file.contains("weight." + name));
  }
}

TEST_CASE("bert: loss and gradients are PyTorch's") {
  compare_with_pytorch<double, sf::policy::eager>(1e-10, 1e-10);
  compare_with_pytorch<double, sf::policy::exact>(1e-10, 1e-10);
  compare_with_pytorch<float, sf::policy::eager>(1e-6, 1e-4);
  compare_with_pytorch<float, sf::policy::exact>(1e-6, 1e-4);
}

TEST_CASE("bert: weights after three steps are PyTorch's") {
  compare_steps_with_pytorch<double, sf::policy::eager>(1e-10);
  compare_steps_with_pytorch<double, sf::policy::exact>(1e-10);
  compare_steps_with_pytorch<float, sf::policy::eager>(1e-5);
  compare_steps_with_pytorch<float, sf::policy::exact>(1e-5);
}

TEST_CASE("bert: coded stashes' gradient errors are those of their formats") {
  // Of the order that facts of single operators predict; these small weights make sharper heads than real ones.
  CHECK(gradient_error<sf::policy::eager>() < 1e-12);
  CHECK(gradient_error<sf::policy::slim>() < 0.1);
  CHECK(gradient_error<sf::policy::slim_3bit>() < 0.2);
  CHECK(gradient_error<sf::policy::slim_2bit>() < 0.4);
  CHECK(gradient_error<sf::policy::paper>() < 0.4);
}

TEST_CASE("bert: frozen units get no gradient and change no other") {
  using model = small_bert<sf::policy::exact>;
  auto const all = pass<sf::policy::exact>();
  sf::active_set some;
  for (index_t const unit : {1, 3, 5, 9, 14, 20}) { some.set(unit); }
  auto const part = pass<sf::policy::exact>(some);
  sf::host device;
  model const net(device);
  for (std::size_t i = 0; i < all.gradients.size(); ++i) {
    auto const unit = net.parameters()[i].value.unit;
    CHECK(part.gradients[i].empty() == (unit != sf::no_unit && !some.test(unit)));
    if (!part.gradients[i].empty()) { CHECK(part.gradients[i] == all.gradients[i]); }
  }
}

TEST_CASE("bert: the same bits with any number of threads") {
  auto const all = sf::active_set::all(small_bert<sf::policy::slim>::units);
  auto const one = pass<sf::policy::slim, float>(all, 1);
  auto const four = pass<sf::policy::slim, float>(all, 4);
  CHECK(one.gradients == four.gradients);
  CHECK(one.loss == four.loss);
}

TEST_CASE("bert: plans are the ledger") {
  compare_plan_with_ledger<sf::policy::eager>();
  compare_plan_with_ledger<sf::policy::paper>();
  compare_plan_with_ledger<sf::policy::exact>();
  compare_plan_with_ledger<sf::policy::slim>();
  compare_plan_with_ledger<sf::policy::slim_3bit>();
  compare_plan_with_ledger<sf::policy::slim_2bit>();
  compare_plan_with_ledger<exact_with_unit>();
  compare_plan_with_ledger<slim_with_unit>();
}

TEST_CASE("bert: an eager block keeps what PyTorch keeps") {
  using namespace sf;
  constexpr bert_shape shallow{.layers = 1};
  constexpr bert_shape deep{.layers = 2};
  index_t const difference = plan<bert<deep, policy::eager, host>>(8).with(active_set::all(30)).stored -
                             plan<bert<shallow, policy::eager, host>>(8).with(active_set::all(22)).stored;
  CHECK(difference == 8 * 128 * 55312);
}

TEST_CASE("bert: ids outside the tables are refused before anything changes") {
  fixture<float> reference;
  sf::host device;
  small_bert<sf::policy::slim, float> net(device);
  sf::trainer trainer(net, sf::adamw{});
  reference.inputs[3] = 50;
  CHECK_THROWS_WITH_AS(trainer.step(reference.inputs, reference.labels),
                       "slimfit: word id of sample 0 is 50, expected 0 to 49", sf::value_error);
  reference.inputs[3] = 1;
  reference.inputs[static_cast<std::size_t>(small.tokens)] = 2;
  CHECK_THROWS_AS(trainer.step(reference.inputs, reference.labels), sf::value_error);
}
