// SPDX-License-Identifier: MIT
// Memory runs out in a step: nothing has changed then, whichever allocation failed, and the next try is a step as if
// nothing had happened.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/memory/record.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/failing_allocations.hpp"
#include "support/fixture.hpp"

#include <cstdlib>
#include <memory>

using namespace slimfit;
using namespace slimfit::testing;

// Inlined one by one they look mismatched to g++.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* const memory = failing_allocation::fails() ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
  if (memory == nullptr) { throw std::bad_alloc(); }
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }

namespace {

class failing_host : public host {
 public:
  using resource_type = accounted_resource<failing_upstream<host_upstream>>;
  explicit failing_host(host_options options = {.threads = 1}) : host(options), resource_(options.budget) {}
  [[nodiscard]] resource_type& memory() { return resource_; }
  [[nodiscard]] failing_store<host_offload_store>& offload() { return store_; }

 private:
  resource_type resource_;
  failing_store<host_offload_store> store_;
};

/// Three blocks, of which one can be offloaded, or one.
template <class Policy>
constexpr vit_shape shape{.image = 4,
                          .patch = 2,
                          .channels = 1,
                          .hidden = 16,
                          .heads = 2,
                          .mlp = 32,
                          .layers = std::same_as<Policy, policy::slim_offloaded> ? 3 : 1,
                          .classes = 3};
constexpr std::size_t pixels = 16;
using half = freezing::inter_layer<freezing::random, percent<50>>;
template <class Policy>
using model_of = vit<shape<Policy>, Policy, failing_host, float>;
template <class Policy, class Optimizer>
using trainer_of = trainer<model_of<Policy>, Optimizer, half>;

std::vector<float> const images = test::normal<float>(4 * pixels, 3);
std::vector<std::int32_t> const labels{0, 2, 1, 1};
auto images_of(std::size_t first, std::size_t count) {
  return std::span(images).subspan(pixels * first, pixels * count);
}
auto labels_of(std::size_t first, std::size_t count) { return std::span(labels).subspan(first, count); }

template <class Trainer>
using actions_of = std::vector<std::function<void(Trainer&)>>;

/// A step with some of the samples.
auto step(std::size_t first, std::size_t count) {
  return [=](auto& run) {
    auto const report = run.step(images_of(first, count), labels_of(first, count));
    failing_allocation::none();  // what checks allocates too
    CHECK(report.measured == report.planned);
  };
}
auto part(std::size_t first, std::size_t count) {
  return [=](auto& run) { run.accumulate(images_of(first, count), labels_of(first, count)); };
}
auto const last_part = [](auto& run) {
  auto const report = run.step();
  failing_allocation::none();
  CHECK(report.measured == report.planned);
};
auto const evaluate = [](auto& run) { (void)run.evaluate(images, labels, 4); };

/// @param forever whether all allocations after the one that fails fail too
template <class Policy, class Optimizer>
void check_actions(Optimizer const& options, actions_of<trainer_of<Policy, Optimizer>> const& actions,
                   trainer_options const& settings = {.seed = 5}, bool forever = false) {
  struct small_run {
    small_run(Optimizer const& chosen, trainer_options const& set) : net(device, 3), run(net, chosen, set) {}
    failing_host device;
    model_of<Policy> net;
    trainer_of<Policy, Optimizer> run;
  };
  failing_allocation::forever = forever;
  auto const make = [&] { return std::make_unique<small_run>(options, settings); };
  CHECK(fail_everywhere(make, actions, options.drops()) > 30);
}

}  // namespace

TEST_CASE("out of memory: gradients that are kept, moments that coast") {
  for (bool const forever : {false, true}) {
    check_actions<policy::eager>(coasting_adamw{.learning_rate = 1e-2}, {step(0, 2), step(1, 3)}, {.seed = 5}, forever);
  }
}

TEST_CASE("out of memory: clipped values are counted") {
  check_actions<policy::paper>(sgd{.learning_rate = 1e-2, .momentum = 0.9}, {step(0, 2), step(1, 3)},
                               {.seed = 5, .count_saturation = true});
}

TEST_CASE("out of memory: stashes offloaded, moments in 8 bits, dropped or not, batches in parts, evaluation between") {
  using options = basic_adamw<drop_if, moments::bits8_from<64>>;
  check_actions<policy::slim_offloaded>(options{.learning_rate = 1e-2}, {step(0, 2), step(1, 3)});
  check_actions<policy::slim_offloaded>(options{.learning_rate = 1e-2, .frozen = {.drops = true}},
                                        {step(0, 2), evaluate, part(0, 1), part(1, 3), last_part});
}

TEST_CASE("out of memory: norms clipped") {
  adamw const plain{.learning_rate = 1e-2};
  check_actions<policy::slim_offloaded>(clip_global_norm{plain, 0.1}, {step(0, 2), step(1, 3)});
  check_actions<policy::slim_offloaded>(clip_each_norm{plain, 0.1}, {step(0, 2), step(1, 3)});
}

TEST_CASE("out of memory: exactly at one of a batch's buffers, when others have taken the rest") {
  using run_type = trainer_of<policy::slim_offloaded, clip_each_norm<adamw>>;
  index_t const sizes[]{round_up(6 * index_t{pixels} * 4, 64), 64, round_up(6 * index_t{sizeof(sample_result)}, 64)};
  index_t free = 0;
  for (auto const bytes : sizes) {
    failing_host device({.threads = 1, .budget = MiB});
    model_of<policy::slim_offloaded> net(device, 1);
    run_type run(net);
    index_t const rest = device.memory().budget() - device.memory().reserved();
    std::optional<buffer<char, failing_host::resource_type>> other(std::in_place, device.memory(), rest - free,
                                                                   category::data);
    free += bytes;
    std::vector<float> const pictures(6 * pixels, 0.5F);
    std::vector<std::int32_t> const classes(6, 1);
    CHECK_THROWS_AS((void)run.step(pictures, classes), memory_error);
    CHECK_THROWS_AS((void)run.step(pictures, classes), memory_error);
    other.reset();
    auto const report = run.step(pictures, classes);
    CHECK(report.measured == report.planned);
    CHECK(report.iteration == 0);
  }
}

TEST_CASE("out of memory: a record of memory ends there, the step does not") {
  memory_record record;
  ledger book;
  book.record(&record);
  book.add(category::data, 64);
  CHECK(record.is_complete());
  for (int i = 0; i < 3; ++i) {
    failing_allocation::left = 0;
    failing_allocation::forever = true;
    record.enter("a range whose name is too long for the string to hold it itself", i);
    failing_allocation::none();
    book.add(category::data, 64);
    record.leave();
    CHECK(!record.is_complete());
  }
  CHECK(record.events().size() == 1);
  CHECK(book.now().total() == 256);
  book.record(&record);
  CHECK(record.is_complete());
}
