// SPDX-License-Identifier: MIT
// Offloaded blocks: the gradients of stashed ones, whenever the copies happen; memory as planned.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/fixture.hpp"
#include "support/gradients.hpp"
#include "support/training.hpp"

#include <deque>
#include <functional>

using namespace slimfit;
using namespace slimfit::testing;

namespace {

constexpr vit_shape deep{
    .image = 12, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 5, .classes = 3};
constexpr vit_shape wide{
    .image = 12, .patch = 4, .channels = 3, .hidden = 64, .heads = 4, .mlp = 256, .layers = 12, .classes = 3};

/// A host whose copies happen as late as a device's may: when something waits for them. What is written to a place too
/// early, or read too late, comes out wrong.
class late_store : public host_offload_store {
 public:
  void send(std::byte const* source, index_t first, index_t bytes, int place) {
    copies_.push_back({place, [=, this] { host_offload_store::send(source, first, bytes, place); }});
  }
  void fetch(std::byte* target, index_t first, index_t bytes, int place) {
    copies_.push_back({place, [=, this] { host_offload_store::fetch(target, first, bytes, place); }});
    ++fetched_;
  }
  /// One stream: copies happen in order.
  void wait(int place) {
    auto const last =
        std::find_if(copies_.rbegin(), copies_.rend(), [&](auto const& each) { return each.first == place; });
    auto const count = copies_.rend() - last;
    for (auto i = decltype(count){0}; i < count; ++i) {
      copies_.front().second();
      copies_.pop_front();
    }
  }
  [[nodiscard]] int fetched() const { return fetched_; }
  [[nodiscard]] bool done() const { return copies_.empty(); }

 private:
  std::deque<std::pair<int, std::function<void()>>> copies_;
  int fetched_ = 0;
};
class late_host : public host {
 public:
  using host::host;
  [[nodiscard]] late_store& offload() { return store_; }

 private:
  late_store store_;
};

template <class Policy, class Blocks>
struct with_blocks : Policy {
  using blocks = Blocks;
};
template <class Policy>
struct stopping : Policy {
  static constexpr bias_updates biases = bias_updates::with_unit;
};
/// Every kind of block, in turns.
struct mixed {
  using input = stash::dense;
  static constexpr block_memory of(int block, int /*blocks*/) {
    return block == 1 ? block_memory::recomputed : block % 2 == 0 ? block_memory::offloaded : block_memory::stashed;
  }
};

std::vector<std::int32_t> const labels{1, 0, 2};

template <class Policy, class Device>
pass_result pass(Device& device, active_set const& active) {
  vit<deep, Policy, Device, double> net(device, 11);
  return gradients_of(net, test::normal<double>(3 * 12 * 12, 3), labels, active);
}
void check_same(pass_result const& actual, pass_result const& expected) {
  CHECK(actual.loss == expected.loss);
  REQUIRE(actual.gradients.size() == expected.gradients.size());
  for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(actual.gradients[i] == expected.gradients[i]);
  }
}

template <class Policy, class Blocks>
void check_offloaded(active_set const& active, int fetched) {
  host device({.threads = 2});
  late_host late(host_options{.threads = 2});
  auto const expected = pass<Policy>(device, active);
  check_same(pass<with_blocks<Policy, Blocks>>(device, active), expected);
  check_same(pass<with_blocks<Policy, Blocks>>(late, active), expected);
  CHECK(late.offload().fetched() == fetched);
  CHECK(late.offload().done());
}

}  // namespace

TEST_CASE("offloaded blocks give the gradients of stashed ones, bit for bit") {
  constexpr auto units = vit<deep, policy::slim, host, double>::units;
  auto const all = active_set::all(units);
  active_set some;
  for (int const unit : {1, 7, 8, 20}) { some.set(unit); }
  check_offloaded<policy::eager, blocks::offload_all>(all, 3);
  check_offloaded<policy::exact, blocks::offload_all>(all, 3);
  check_offloaded<policy::slim, blocks::offload_all>(some, 3);
  check_offloaded<policy::paper, blocks::offload_all>(some, 3);
  check_offloaded<policy::slim, blocks::offload_lowest<3>>(some, 1);
  check_offloaded<policy::slim, blocks::offload_lowest<2>>(some, 0);
  check_offloaded<policy::slim, blocks::offload_lowest<1>>(some, 0);
  check_offloaded<policy::slim, blocks::offload_lowest<0>>(some, 0);
  check_offloaded<policy::slim, mixed>(some, 1);
}

TEST_CASE("offloaded blocks: nothing is sent of blocks below the lowest active unit") {
  active_set upper;
  upper.set(27);  // in the fourth of five blocks
  check_offloaded<stopping<policy::slim>, blocks::offload_all>(upper, 0);
  active_set none;
  check_offloaded<stopping<policy::slim>, blocks::offload_all>(none, 0);
}

TEST_CASE("offloaded blocks: training takes the memory that is planned, less than stashed ones") {
  using stashed_model = vit<wide, policy::slim, host, float>;
  using model = vit<wide, policy::slim_offloaded, host, float>;
  auto const images = test::normal<float>(3 * 3 * 12 * 12, 3);
  auto const expected = train<stashed_model>(images, labels, 6);
  auto const actual = train<model>(images, labels, 6);
  CHECK(actual.losses == expected.losses);
  CHECK(actual.last_weights == expected.last_weights);
  auto const active = active_set::all(model::units);
  auto const stashed = plan<stashed_model>(16).with(active);
  auto const offloaded = plan<model>(16).with(active);
  CHECK(stashed.offloaded == 0);
  // Ten of twelve blocks leave. The last keeps less than the others, but its place is as large as theirs.
  auto const together = offloaded.stored + offloaded.offloaded;
  CHECK(together > stashed.stored);
  CHECK(together < stashed.stored + stashed.stored / 11);
  CHECK(offloaded.stored < stashed.stored / 4);
  CHECK(offloaded.peak() < stashed.peak() - stashed.stored / 2);
  static_assert(plan<model>(16).peak() < plan<stashed_model>(16).peak());
}

TEST_CASE("offloaded blocks: sequences of several lengths, and evaluation between steps") {
  constexpr bert_shape shape{
      .vocabulary = 30, .positions = 8, .hidden = 16, .heads = 2, .mlp = 32, .layers = 4, .classes = 3, .tokens = 8};
  using model = bert<shape, policy::slim_offloaded, late_host, float>;
  late_host device(host_options{.threads = 2});
  model net(device, 3);
  trainer<model> run(net, {.learning_rate = 1e-3}, {.seed = 5});
  // Of each sample eight words, of which the first have 3, 4 and 5, and their types.
  std::vector<std::int32_t> ids(static_cast<std::size_t>(3 * 16));
  for (std::size_t sample = 0; sample < 3; ++sample) {
    for (std::size_t i = 0; i < 3 + sample; ++i) {
      ids[16 * sample + i] = static_cast<std::int32_t>(7 * sample + i + 1);
    }
  }
  double first = 0;
  for (int step = 0; step < 12; ++step) {
    auto const report = run.step(ids, labels);
    CHECK(report.measured == report.planned);
    CHECK(report.planned.offloaded > 0);
    if (step == 0) { first = report.loss; }
    CHECK(std::isfinite(run.evaluate(ids, labels, 2).loss));
  }
  CHECK(run.evaluate(ids, labels, 3).loss < first);
  run.accumulate(ids, labels);
  run.accumulate(std::span(ids).first(32), std::span(labels).first(2));
  auto const report = run.step();
  CHECK(report.measured == report.planned);
}

TEST_CASE("offload store: parts are given back, and it grows only while none is in use") {
  ledger book;
  host_offload_store store;
  {
    offload_part const first(store, book, 640);
    CHECK(first.first() == 0);
    CHECK(book.peaks().offloaded == 640);
    CHECK_THROWS_WITH_AS(offload_part(store, book, 64), doctest::Contains("64"), usage_error);
  }
  store.reserve(1280);
  offload_part const first(store, book, 640);
  offload_part const second(store, book, 640);
  CHECK(second.first() == 640);
  CHECK(book.peaks().offloaded == 1280);
}

TEST_CASE("tape window: a slot holds a tape of its own, counted once") {
  ledger book;
  std::vector<std::byte> block(1024);
  arena memory(book, block.data(), 1024);
  auto const slot = memory.keep_slot(256, category::static_activations);
  auto const above = memory.keep<float>(16, category::dynamic_activations);
  {
    tape_window const window(memory, slot);
    auto const kept = memory.keep<float>(16, category::static_activations);
    CHECK(reinterpret_cast<std::byte*>(kept.data) == memory.address(slot));
    CHECK(book.now().stored() == 320);
    // Scratch memory sees the whole tape, keeps only the slot.
    CHECK_THROWS_AS((scratch_buffer<std::byte>(memory, 1024 - 256)), memory_error);
    scratch_buffer<std::byte> const scratch(memory, 1024 - 320);
    CHECK_THROWS_AS((void)memory.keep<std::byte>(256, category::static_activations), memory_error);
    CHECK_THROWS_AS((tape_window(memory, slot)), usage_error);
  }
  {
    tape_window const window(memory, slot, 64);
    memory.release(kept_array<float>{reinterpret_cast<float*>(memory.address(slot)), 64, category::static_activations});
    CHECK_THROWS_AS(memory.release(above), usage_error);
  }
  memory.release(above);
  memory.release_slot(slot, category::static_activations);
  CHECK(book.now().total() == 0);
  CHECK(memory.high_water() == 1024);
}
