// SPDX-License-Identifier: MIT
// Ways to train a vision transformer on CUDA: offloaded blocks, bf16, parts and clipping, steps enqueued and recorded,
// what is measured meanwhile.
#include <slimfit/memory/record.hpp>
#include <slimfit/slimfit.hpp>
#include <slimfit/train/gradient_error.hpp>

#include "support/small_vit.hpp"
#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

inline constexpr vit_shape deep{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 4, .classes = 5};

}  // namespace

TEST_CASE("offloaded blocks: the losses of stashed ones, recorded or not") {
  using schedule = freezing::inter_layer<freezing::relative_update, percent<75>, freezing::hold<3>>;
  auto const losses = []<class Policy>(Policy, bool record) {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreate(&stream), "stream of a test");
    std::vector<double> result;
    {
      cuda device({.stream = stream});
      vit<deep, Policy, cuda, float> net(device, 3);
      trainer<vit<deep, Policy, cuda, float>, adamw, schedule> run(net, {.learning_rate = 1e-4},
                                                                   {.seed = 5, .record_steps = record});
      for (int step = 0; step < 7; ++step) {
        auto const report = run.step(images<float>(), labels);
        REQUIRE(report.measured == report.planned);
        result.push_back(report.loss);
      }
    }
    check(cudaStreamDestroy(stream), "stream of a test");
    return result;
  };
  auto const expected = losses(policy::slim{}, false);
  CHECK(losses(policy::slim_offloaded{}, false) == expected);
  CHECK(losses(policy::slim_offloaded{}, true) == expected);
}

TEST_CASE_TEMPLATE("training in bf16 stays near float", Policy, policy::exact, policy::slim) {
  auto const expected = train<small_vit<Policy, host>>(images<float>(), labels, 10);
  auto const actual = train<small_vit<Policy, cuda, bf16>>(images<bf16>(), labels, 10);
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    CHECK(actual.losses[i] == doctest::Approx(expected.losses[i]).epsilon(0.02));  // bf16 has 8 bits
  }
  CHECK(actual.losses.back() < actual.losses.front());
}

namespace {

/// Steps over the batch in two parts, with everything that an optimizer can do.
template <class Model, class Options>
std::vector<double> accumulated_losses(Options const& options) {
  using held = freezing::inter_layer<freezing::relative_update, percent<75>, freezing::hold<3>>;
  using value_type = typename Model::value_type;
  typename Model::device_type device;
  Model net(device, 3);
  trainer<Model, Options, held> run(net, options, {.seed = 5});
  auto const all = images<value_type>();
  constexpr std::size_t first = 3 * 12 * 12;
  std::vector<double> losses;
  for (int step = 0; step < 8; ++step) {
    run.accumulate(std::span(all).first(first), std::span(labels).first(1));
    run.accumulate(std::span(all).subspan(first), std::span(labels).subspan(1));
    auto const report = run.step();
    REQUIRE(report.measured == report.planned);
    REQUIRE(run.plan(2).in_parts().with(report.active, run.updated()) == report.measured);
    losses.push_back(report.loss);
  }
  auto const report = run.step(all, labels);
  REQUIRE(report.measured == report.planned);
  losses.push_back(report.loss);
  return losses;
}

using few_bits = moments::bits8_from<256>;

}  // namespace

TEST_CASE("parts, clipped norms, moments of 8 bits that are dropped: as on the host") {
  clip_global_norm const options{basic_adamw<drop_when_frozen, few_bits>{.learning_rate = 1e-4}, 0.5};
  auto const expected = accumulated_losses<small_vit<policy::slim, host>>(options);
  auto const actual = accumulated_losses<small_vit<policy::slim, cuda>>(options);
  CHECK(actual == accumulated_losses<small_vit<policy::slim, cuda>>(options));
  for (std::size_t i = 0; i < expected.size(); ++i) { CHECK(std::abs(actual[i] - expected[i]) < 1e-3); }
  CHECK(actual.back() < actual.front());
}

TEST_CASE("bf16 weights with a float copy: updates too small for bf16 add up") {
  using model_type = small_vit<policy::slim, cuda, bf16>;
  clip_each_norm const options{basic_adamw<strict, few_bits, weights::master_copy>{.learning_rate = 1e-4}, 0.5};
  auto const losses = accumulated_losses<model_type>(options);
  auto const wide = accumulated_losses<small_vit<policy::slim, host>>(
      clip_each_norm{basic_adamw<strict, few_bits>{.learning_rate = 1e-4}, 0.5});
  for (std::size_t i = 0; i < wide.size(); ++i) { CHECK(losses[i] == doctest::Approx(wide[i]).epsilon(0.02)); }
  CHECK(losses.back() < losses.front());
}

TEST_CASE("steps are enqueued one behind the other") {
  using model_type = small_vit<policy::slim, cuda>;
  using schedule = freezing::inter_layer<freezing::relative_update, percent<75>>;
  auto const expected = train<model_type>(images<float>(), labels, 6);
  cuda device;
  model_type net(device, 3);
  trainer<model_type, adamw, schedule> run(net, {.learning_rate = 1e-4}, {.seed = 5, .steps = 6});
  for (int step = 0; step < 6; ++step) { run.enqueue(images<float>(), labels); }
  auto const last = run.finish();
  REQUIRE(last);
  CHECK(last->loss == expected.losses.back());
  CHECK(last->active == expected.active.back());
  CHECK(!run.finish());
}

TEST_CASE("a step is recorded and replayed while the same units stay active") {
  using held = freezing::inter_layer<freezing::relative_update, percent<75>, freezing::hold<4>>;
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  auto const losses = [&]<class Policy, class Options>(Policy, Options options, bool record) {
    cuda device({.stream = stream});
    small_vit<Policy, cuda> net(device, 3);
    trainer<small_vit<Policy, cuda>, Options, held> run(net, options, {.seed = 5, .steps = 12, .record_steps = record});
    std::vector<double> result;
    for (int step = 0; step < 12; ++step) {
      auto const report = run.step(images<float>(), labels);
      REQUIRE(report.measured == report.planned);
      result.push_back(report.loss);
    }
    return result;
  };
  adamw const plain{.learning_rate = 1e-3};
  CHECK(losses(policy::slim{}, plain, true) == losses(policy::slim{}, plain, false));
  CHECK(losses(policy::eager{}, plain, true) == losses(policy::eager{}, plain, false));
  clip_global_norm const clipped{plain, 0.5};
  CHECK(losses(policy::slim{}, clipped, true) == losses(policy::slim{}, clipped, false));
  check(cudaStreamDestroy(stream), "stream");
  using model_type = small_vit<policy::slim, cuda>;
  cuda device;
  model_type net(device, 3);
  trainer run(net, adamw{}, trainer_options{.record_steps = true});
  CHECK_THROWS_WITH_AS(run.step(images<float>(), labels), doctest::Contains("stream is null"), usage_error);
}

namespace {

/// Weights of all parameters on the host, and one of them multiplied.
template <class Model>
std::vector<std::vector<float>> weights_of(Model const& net) {
  std::vector<std::vector<float>> all;
  for (auto const& [name, each] : net.parameters()) {
    net.device().copy(each.data, all.emplace_back(static_cast<std::size_t>(each.count())).data(), each.count());
  }
  return all;
}
template <class Model>
index_t multiply(Model const& net, std::string const& wanted, float factor) {
  for (auto const& [name, each] : net.parameters()) {
    if (name != wanted) { continue; }
    std::vector<float> values(static_cast<std::size_t>(each.count()));
    net.device().copy(each.data, values.data(), each.count());
    for (auto& value : values) { value *= factor; }
    net.device().copy(values.data(), each.data, each.count());
    return each.position;
  }
  return -1;
}

}  // namespace

TEST_CASE("a gradient that is not finite: nothing of it is written, recorded or not") {
  using held = freezing::inter_layer<freezing::relative_update, percent<75>, freezing::hold<4>>;
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  auto const last_weights = [&]<class Policy>(Policy, bool record) {
    cuda device({.stream = stream});
    small_vit<Policy, cuda> net(device, 3);
    trainer<small_vit<Policy, cuda>, adamw, held> run(net, {.learning_rate = 1e-3},
                                                      {.seed = 5, .record_steps = record});
    for (int step = 0; step < 2; ++step) { run.step(images<float>(), labels); }
    // Scores are small rows times a large classifier: the loss is finite, the gradients below are not.
    auto const below = static_cast<std::size_t>(multiply(net, "vit.layernorm.weight", 1e-12F));
    multiply(net, "classifier.weight", 1e36F);
    auto const before = weights_of(net);
    CHECK_THROWS_WITH_AS(run.step(images<float>(), labels), doctest::Contains("gradient of vit.layernorm."),
                         value_error);
    auto const after = weights_of(net);
    constexpr bool keeps = !Policy::releases_gradients;
    CHECK((after == before) == keeps);
    for (std::size_t i = 0; i < below; ++i) { CHECK(after[i] == before[i]); }
    CHECK(run.iteration() == 2);
    multiply(net, "vit.layernorm.weight", 1e12F);
    multiply(net, "classifier.weight", 1e-36F);
    CHECK(std::isfinite(run.step(images<float>(), labels).loss));
    return weights_of(net);
  };
  CHECK(last_weights(policy::slim{}, true) == last_weights(policy::slim{}, false));
  CHECK(last_weights(policy::eager{}, true) == last_weights(policy::eager{}, false));
  check(cudaStreamDestroy(stream), "stream");
}

TEST_CASE("a loss that is not finite changes nothing") {
  using model_type = small_vit<policy::slim, cuda>;
  cuda device;
  model_type net(device, 3);
  trainer run(net, adamw{.learning_rate = 1e-4});
  auto const weights = [&] {
    std::vector<float> values(static_cast<std::size_t>(model_type::layout.elements));
    device.copy(net.parameters().front().value.data, values.data(), model_type::layout.elements);
    return values;
  };
  run.step(images<float>(), labels);
  auto const before = weights();
  auto bad = images<float>();
  bad[500] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(run.step(bad, labels), doctest::Contains("inputs: element 68 of sample 1"), value_error);
  CHECK(weights() == before);
  CHECK(run.iteration() == 1);
  run.step(images<float>(), labels);
  CHECK(run.iteration() == 2);
}

TEST_CASE("the meter of gradients' errors finds on CUDA what it finds on the host") {
  auto const errors = []<class Device>(Device& device) {
    small_vit<policy::slim_2bit, Device> net(device, 3);
    return measure_error(net, images<float>(), labels, {.passes = 2});
  };
  cuda device;
  host beside;
  auto const actual = errors(device);
  auto const expected = errors(beside);
  auto const all = sum_of(expected).exact;
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(actual[i].name);
    CHECK(actual[i].exact == doctest::Approx(expected[i].exact).epsilon(1e-4).scale(1e-4 * all));
    CHECK(std::abs(actual[i].difference - expected[i].difference) < 2e-3 * all);  // codes near the middle of two
  }
  CHECK(sum_of(actual).relative() > 0.01);
}

TEST_CASE("a record of a step on CUDA says what its plan's does") {
  using model_type = small_vit<policy::slim, cuda>;
  cuda device;
  model_type net(device, 3);
  trainer run(net, adamw{});
  memory_record measured;
  device.memory().book().record(&measured);
  auto const report = run.step(images<float>(), labels);
  device.memory().book().record(nullptr);
  memory_record planned;
  plan<model_type>(batch).record(report.active, planned);
  auto const texts = [](std::vector<memory_holder> const& holders) {
    std::vector<std::pair<std::string, index_t>> result;
    for (auto const& each : holders) { result.emplace_back(each.label.text(), each.bytes); }
    return result;
  };
  CHECK(texts(measured.stored()) == texts(planned.stored()));
  index_t sum = 0;
  for (auto const& each : measured.holders_at_peak()) { sum += each.bytes; }
  CHECK(sum == report.measured.total);
}

TEST_CASE("a schedule learns of every unit on CUDA what it learns on the host") {
  auto const records = []<class Device>(Device& device) {
    small_vit<policy::slim, Device> net(device, 3);
    trainer<small_vit<policy::slim, Device>, adamw, freezing::never> run(net, {.learning_rate = 1e-4}, {.seed = 5});
    run.step(images<float>(), labels);
    auto const all = run.schedule().records();
    return std::vector<freezing::unit_record>(all.begin(), all.end());
  };
  cuda device;
  host beside;
  auto const actual = records(device);
  auto const expected = records(beside);
  REQUIRE(actual.size() == small_vit<policy::slim, host>::units);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t unit = 0; unit < actual.size(); ++unit) {
    CAPTURE(unit);
    REQUIRE(actual[unit].measured);
    CHECK(actual[unit].last.relative_update == doctest::Approx(expected[unit].last.relative_update).epsilon(0.01));
    CHECK(actual[unit].last.gradient_norm == doctest::Approx(expected[unit].last.gradient_norm).epsilon(0.01));
  }
}
