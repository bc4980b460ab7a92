// SPDX-License-Identifier: MIT
// Arguments outside their domain: every public entry names the argument, its value and what was expected.
#include <doctest/doctest.h>
#include <slimfit/huggingface.hpp>
#include <slimfit/slimfit.hpp>
#include <slimfit/train/gradient_error.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 3};
using small_model = vit<shape, policy::slim, host>;
using adamw_on_host = adamw::optimizer<host, float>;
using sgd_on_host = sgd::optimizer<host, float>;

/// A call, and what its message must say.
struct wrong_call {
  std::string text;
  std::function<void()> call;
};

template <class Error>
void check_calls(std::vector<wrong_call> const& calls) {
  for (auto const& each : calls) {
    CAPTURE(each.text);
    CHECK_THROWS_WITH_AS(each.call(), doctest::Contains(each.text.c_str()), Error);
  }
}

constexpr auto least = std::numeric_limits<index_t>::min();
double const no_number = std::nan("");

/// Whether a call is a constant expression: one that throws is none.
template <auto Call>
concept is_constant = requires {
  typename std::bool_constant<(Call(), true)>;
};
static_assert(is_constant<[] { return plan<small_model>(1).peak(); }>);
static_assert(!is_constant<[] { return plan<small_model>(0).peak(); }>);
static_assert(!is_constant<[] { return plan<small_model>(-1).peak(); }>);
static_assert(!is_constant<[] { return plan<small_model>(1, index_t{1}).peak(); }>);
static_assert(!is_constant<[] { return plan<small_model>(1).bound(-1).total; }>);

}  // namespace

TEST_CASE("training: arguments outside their domain are named") {
  host device({.threads = 1});
  small_model net(device, 1);
  trainer<small_model> run(net);
  std::vector<float> const images(2 * 64, 0.5F);
  std::vector<std::int32_t> const labels{0, 2};
  std::span const one = std::span(images).first(64);
  std::vector<std::int32_t> const wrong{0, 3};
  std::vector<std::int32_t> const negative{-1, 0};
  auto const before = run.schedule().save_state();
  check_calls<value_error>({
      {"evaluate: batch is 0, expected at least 1", [&] { run.evaluate(images, labels, 0); }},
      {"evaluate: batch is -3, expected at least 1", [&] { run.evaluate(images, labels, -3); }},
      {"predict: batch is 0, expected at least 1", [&] { run.predict(images, 0); }},
      {"predict: batch is -9223372036854775808", [&] { run.predict(images, least); }},
      {"trainer_options: steps is -1, expected at least 0", [&] { trainer<small_model>(net, {}, {.steps = -1}); }},
      {"linear_warm_up: warm_up is -2, expected at least 0",
       [&] { trainer<small_model, adamw, freezing::never, linear_warm_up>(net, {}, {.steps = 5}, {}, {-2}); }},
      {"measure_error: passes is 0, expected at least 1", [&] { measure_error(net, images, labels, {.passes = 0}); }},
      {"label", [&] { run.step(images, wrong); }},
      {"label", [&] { run.evaluate(images, negative, 2); }},
      {"trainer: iteration is -1, expected at least 0", [&] { run.restore(-1, run.schedule(), {}); }},
  });
  check_calls<shape_error>({
      {"labels: count is 0, expected at least 1", [&] { run.step(images, {}); }},
      {"labels: count is 0, expected at least 1", [&] { run.evaluate(images, {}, 1); }},
      {"inputs: count is 64, expected", [&] { run.step(one, labels); }},
      {"inputs: count is 64, expected", [&] { run.accumulate(one, labels); }},
      {"inputs: count is 65, expected", [&] { run.predict(std::span(images).first(65), 1); }},
      {"inputs: count is 64, expected", [&] { measure_error(net, one, labels); }},
  });
  CHECK(run.schedule().save_state() == before);
  CHECK(run.predict({}, 1).empty());
  CHECK(run.predict(images, std::numeric_limits<index_t>::max()).size() == 6);
  CHECK(std::isfinite(run.evaluate(images, labels, std::numeric_limits<index_t>::max()).loss));
}

TEST_CASE("plans: arguments outside their domain are named") {
  constexpr bert_shape text{
      .vocabulary = 100, .positions = 16, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .tokens = 8};
  using text_model = bert<text, policy::slim, host>;
  check_calls<value_error>({
      {"plan: batch is 0, expected at least 1 and at most", [] { static_cast<void>(plan<small_model>(0)); }},
      {"plan: batch is -1, expected at least 1", [] { static_cast<void>(plan<small_model>(-1)); }},
      {"plan: batch is 9223372036854775807, expected at least 1 and at most 429496729 sequences of 5 tokens",
       [] { static_cast<void>(plan<small_model>(std::numeric_limits<index_t>::max())); }},
      {"plan: batch is -1", [] { static_cast<void>(plan<small_model>(-1, plan_options{.count_saturation = true})); }},
      {"plan: batch is 0", [] { static_cast<void>(plan<small_model>(0, index_t{5})); }},
      {"tokens is 1, expected at least 2", [] { static_cast<void>(plan<small_model>(1, index_t{1})); }},
      {"tokens is 1000000000, expected at least 2",
       [] { static_cast<void>(plan<small_model>(1, index_t{1000000000})); }},
      {"tokens is 0, expected at least 1", [] { static_cast<void>(plan<text_model>(1, index_t{0})); }},
      {"tokens is 17, expected at least 1", [] { static_cast<void>(plan<text_model>(1, index_t{17})); }},
      {"plan: active units is -1, expected at least 0", [] { static_cast<void>(plan<small_model>(1).bound(-1)); }},
      {"plan: number of units is -1, expected at least 0",
       [] { static_cast<void>(plan<small_model>(1).costliest_units(-1)); }},
      {"unit is 1024", [] { active_set::all(1025); }},
      {"unit is -1", [] { active_set().set(-1); }},
  });
}

TEST_CASE("optimizers: options and arguments outside their domain are named") {
  host device({.threads = 1});
  float weight = 1;
  float const gradient = 1;
  adamw_on_host optimizer(device, {}, 2, 4);
  auto const adam = [&](adamw const& options) { adamw_on_host(device, options, 1, 1); };
  auto const descent = [&](sgd const& options) { sgd_on_host(device, options, 1, 1); };
  auto const clip = [&]<class Options>(Options const& options) {
    typename Options::template optimizer<host, float>(device, options, 1, 1);
  };
  double const infinity = std::numeric_limits<double>::infinity();
  check_calls<value_error>({
      {"adamw: learning_rate is nan, expected a finite number, at least 0",
       [&] { adam({.learning_rate = no_number}); }},
      {"adamw: learning_rate is inf", [&] { adam({.learning_rate = infinity}); }},
      {"adamw: learning_rate is -0.1", [&] { adam({.learning_rate = -0.1}); }},
      {"adamw: beta1 is 1.0", [&] { adam({.beta1 = 1}); }},
      {"adamw: beta1 is -0.5", [&] { adam({.beta1 = -0.5}); }},
      {"adamw: beta2 is nan", [&] { adam({.beta2 = no_number}); }},
      {"adamw: beta2 is 1.5", [&] { adam({.beta2 = 1.5}); }},
      {"adamw: epsilon is 0.0", [&] { adam({.epsilon = 0}); }},
      {"adamw: epsilon is -1.0", [&] { adam({.epsilon = -1}); }},
      {"adamw: epsilon is nan", [&] { adam({.epsilon = no_number}); }},
      {"adamw: weight_decay is -0.1", [&] { adam({.weight_decay = -0.1}); }},
      {"adamw: weight_decay is inf", [&] { adam({.weight_decay = infinity}); }},
      {"sgd: learning_rate is nan", [&] { descent({.learning_rate = no_number}); }},
      {"sgd: momentum is 1.0", [&] { descent({.momentum = 1}); }},
      {"sgd: momentum is -0.1", [&] { descent({.momentum = -0.1}); }},
      {"sgd: weight_decay is nan", [&] { descent({.weight_decay = no_number}); }},
      {"clip_global_norm: norm is 0.0",
       [&] {
         clip(clip_global_norm{adamw{}, 0.0});
       }},
      {"clip_global_norm: norm is nan",
       [&] {
         clip(clip_global_norm{adamw{}, no_number});
       }},
      {"clip_global_norm: norm is inf",
       [&] {
         clip(clip_global_norm{sgd{}, infinity});
       }},
      {"clip_each_norm: norm is -1.0",
       [&] {
         clip(clip_each_norm{adamw{}, -1.0});
       }},
      {"adamw: beta1 is 2.0",
       [&] {
         clip(clip_each_norm{adamw{.beta1 = 2}, 1.0});
       }},
      {"optimizer: parameters is -1, expected at least 0", [&] { adamw_on_host(device, {}, -1, 1); }},
      {"optimizer: largest_parameter is -1, expected at least 0", [&] { adamw_on_host(device, {}, 1, -1); }},
      {"optimizer: learning-rate factor is nan", [&] { optimizer.set_learning_rate_factor(no_number); }},
      {"optimizer: learning-rate factor is -1.0", [&] { optimizer.set_learning_rate_factor(-1); }},
      {"optimizer: parameter is 2, expected at least 0 and less than 2",
       [&] { optimizer.enqueue(2, &weight, &gradient, 1); }},
      {"optimizer: parameter is -1", [&] { optimizer.drop(-1); }},
      {"optimizer: parameter is 7",
       [&] {
         optimizer.coast(7, &weight, 1);
         static_cast<void>(optimizer.steps(7));
       }},
      {"optimizer: parameter is 3", [&] { optimizer.include_in_norm(3, &gradient, 1, true); }},
      {"optimizer: parameter is 9", [&] { static_cast<void>(optimizer.statistics(9, 1)); }},
  });
  check_calls<shape_error>({
      {"optimizer: elements of a parameter is 5000", [&] { optimizer.enqueue(0, &weight, &gradient, 5000); }},
      {"optimizer: first element of a part is -4096",
       [&] {
         optimizer.enqueue_part(0, &weight, &gradient, 4, {-4096, 4});
       }},
      {"optimizer: first element of a part is 1",
       [&] {
         optimizer.enqueue_part(0, &weight, &gradient, 4, {1, 3});
       }},
      {"optimizer: first element of a part is 0",
       [&] {
         optimizer.enqueue_part(0, &weight, &gradient, 4, {0, 5});
       }},
      {"optimizer: first element of a part is 0",
       [&] {
         optimizer.enqueue_part(0, &weight, &gradient, 4, {0, -1});
       }},
  });
  check_calls<usage_error>(
      {{"read before they were collected", [&] { static_cast<void>(optimizer.statistics(0, 1)); }}});
  CHECK(weight == 1);
}

TEST_CASE("freezing: arguments outside their domain are named") {
  using within = freezing::inter_layer_within<freezing::relative_update, 100>;
  auto state = freezing::never{}.make_state(3, 1);
  check_calls<value_error>({
      {"freezing rate is 100.0", [] { static_cast<void>(freezing::run_time_rate(100)); }},
      {"freezing rate is 0.9", [] { static_cast<void>(freezing::run_time_rate(0.9)); }},
      {"freezing rate is -0.1", [] { static_cast<void>(freezing::run_time_rate(-0.1)); }},
      {"freezing rate is nan", [] { static_cast<void>(freezing::run_time_rate(no_number)); }},
      {"cost of unit 1 is 101",
       [] {
         static_cast<void>(within({1, 101}));
       }},
      {"number of units is -1", [] { static_cast<void>(freezing::never{}.make_state(-1, 1)); }},
      {"number of units is 1025", [] { static_cast<void>(freezing::never{}.make_state(1025, 1)); }},
      {"freezing schedule: iteration is -1, expected at least 0", [&] { state.choose(-1); }},
      {"unit is 3", [&] { state.observe(3, {}); }},
      {"unit is -1", [&] { state.observe(-1, {}); }},
  });
}

TEST_CASE("memory and backends: arguments outside their domain are named") {
  host device({.threads = 1});
  ledger book;
  arena memory(book);
  arena_block<host> block(device);
  using host_buffer = buffer<double, host::resource_type>;
  auto const huge = std::numeric_limits<index_t>::max() / 4;
  check_calls<value_error>({
      {"host: threads is -1, expected at least 0", [] { host({.threads = -1}); }},
      {"budget is -1, expected at least 0", [] { host({.threads = 1, .budget = -1}); }},
      {"bytes for weights is -64, expected at least 0", [&] { device.memory().allocate(-64, "weights"); }},
      {"elements of an array is -1, expected at least 0", [&] { host_buffer(device.memory(), -1, category::data); }},
      {"elements of an array is", [&] { host_buffer(device.memory(), huge, category::data); }},
      {"arena: elements is -1, expected at least 0", [&] { memory.keep<float>(-1, category::workspace); }},
      {"arena: elements is -1, expected at least 0", [&] { scratch_buffer<float>(memory, -1); }},
      {"arena: elements is", [&] { scratch_buffer<double>(memory, huge); }},
      {"arena block: bytes is -1, expected at least 0", [&] { block.reserve(-1); }},
  });
  CHECK(device.memory().reserved() == 0);
  CHECK(memory.high_water() == 0);
}

TEST_CASE("files: arguments outside their domain are named") {
  host device({.threads = 1});
  small_model net(device, 1);
  std::string const path = "/nowhere/at/all";
  float const number = 1;
  safetensors_writer writer;
  check_calls<value_error>({
      {"cannot be stored as I64", [&] { save(net, path, dtype::i64); }},
      {"type is I64, expected F32, F16 or BF16", [&] { save_huggingface(net, path, {.type = dtype::i64}); }},
      {"labels: count is 1, expected 3", [&] { save_huggingface(net, path, {.labels = {"one"}}); }},
      {"has shape", [&] { writer.add("a", dtype::f32, {-1}, &number); }},
      {"largest bytes of a file is 0", [&] { writer.save_shards(path, 0); }},
  });
  check_calls<file_error>({
      {path, [&] { save(net, path); }},
      {path, [&] { load(net, path); }},
      {path, [&] { load_huggingface(net, path); }},
      {path, [&] { save_huggingface(net, path); }},
  });
}
