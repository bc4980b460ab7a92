// SPDX-License-Identifier: MIT
// A tape that was moved gives the same gradients, bit for bit, as often as wanted, whatever the policy keeps.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/layers/find_kept.hpp>
#include <slimfit/layers/post_norm_block.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/policy/presets.hpp>

#include <cstring>
#include <vector>

#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

constexpr int width = 64;

/// Memory of its own, aligned, filled with something.
class bytes {
 public:
  explicit bytes(index_t count) : memory_(host_upstream{}.allocate(count)), bytes_(count) {
    std::memset(memory_, 0x5A, static_cast<std::size_t>(count));
  }
  bytes(bytes const& other) : bytes(other.bytes_) {
    std::memcpy(memory_, other.memory_, static_cast<std::size_t>(bytes_));
  }
  bytes& operator=(bytes const&) = delete;
  ~bytes() { host_upstream{}.deallocate(memory_, bytes_); }
  [[nodiscard]] std::span<std::byte> span() const {
    return {static_cast<std::byte*>(memory_), static_cast<std::size_t>(bytes_)};
  }

 private:
  void* memory_;
  index_t bytes_;
};

struct result {
  std::vector<float> input_gradient;
  std::vector<std::vector<double>> gradients;
  friend bool operator==(result const&, result const&) = default;
};

template <class Layer>
struct moved_tape {
  using updates = testing::recording_updates;

  sequence_batch batch;
  live_rows live = live_rows::all;
  layer_network<Layer> network{};
  parameter_layout layout = bind_parameters(network, nullptr, bias_updates::always);
  test::vector<float> weights = test::normal<float>(layout.elements, 2, 0, 0.1);
  host device{{.threads = 2}};
  active_set active{};
  index_t tape_bytes = 0;
  index_t scratch_bytes = 0;

  explicit moved_tape(sequence_batch const& of, live_rows rows = live_rows::all) : batch(of), live(rows) {
    bind_parameters(network, weights.data(), bias_updates::always);
    for (int unit = 0; unit < layout.units; unit += 2) { active.set(unit); }
    ledger book;
    arena memory(book);
    counting<host> counted;
    counted_updates<true> none;
    context<counting<host>, counted_updates<true>> run{counted, memory, none, active, true, 7, 3, {}, true};
    auto const kept = network.layer.forward(run, batch, {}, {.live = live});
    tape_bytes = memory.tape_bytes();
    network.layer.backward(run, kept, {}, {});
    REQUIRE(memory.tape_high_water() == tape_bytes);
    scratch_bytes = memory.scratch_high_water();
  }
  /// Runs `body(run)` with a tape in `tape`.
  template <class Body>
  void run_on(updates& receiver, arena& memory, Body const& body) {
    context<host, updates> run{device, memory, receiver, active, true, 7, 3, {}, true};
    body(run);
  }
  [[nodiscard]] std::vector<float> rows(unsigned seed) const {
    auto const values = test::normal<float>(batch.rows() * width, seed);
    return {values.begin(), values.end()};
  }
  /// A backward pass in the forward pass's own memory.
  result in_place(bytes const& tape) {
    ledger book;
    updates receiver;
    bytes const scratch(scratch_bytes);
    arena memory(book, tape.span(), scratch.span());
    auto stream = rows(5);
    auto gradient = rows(6);
    run_on(receiver, memory, [&](auto& run) {
      auto const kept =
          network.layer.forward(run, batch, {.input = stream.data()}, {.output = stream.data(), .live = live});
      CHECK(memory.tape_bytes() == tape_bytes);
      network.layer.backward(run, kept, {.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
    });
    CHECK(memory.tape_bytes() == 0);
    CHECK(memory.scratch_high_water() == scratch_bytes);
    return {gradient, receiver.gradients};
  }
  /// A backward pass over the bytes in `tape`.
  result from(bytes const& tape) {
    ledger book;
    updates receiver;
    bytes const scratch(scratch_bytes);
    arena memory(book, tape.span());
    auto gradient = rows(6);
    run_on(receiver, memory, [&](auto& run) {
      auto const kept = find_kept(run, network.layer, batch, live);
      CHECK(memory.tape_bytes() == tape_bytes);
      CHECK(book.now().temporary() == 0);
      memory.give_scratch(scratch.span());
      network.layer.backward(run, kept, {.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
    });
    CHECK(memory.tape_bytes() == 0);
    CHECK(book.now() == byte_counts{});
    return {gradient, receiver.gradients};
  }
  void check() {
    bytes const first(tape_bytes);
    auto const expected = in_place(first);
    bytes const second(first);
    std::memset(first.span().data(), 0, first.span().size());
    CHECK(from(second) == expected);
    CHECK(from(second) == expected);  // reading a tape leaves it as it is
  }
};

using dropping = dropout_rates<percent<10>, percent<10>>;

}  // namespace

TEST_CASE_TEMPLATE("find_kept: a tape that was moved", Policy, policy::exact, policy::eager, policy::paper,
                   policy::slim, policy::slim_8bit) {
  moved_tape<pre_norm_block<width, 2, 128, Policy, float>>({3, 5}).check();
  moved_tape<pre_norm_block<width, 2, 128, Policy, float, true>>({3, 5}, live_rows::first).check();
  moved_tape<post_norm_block<width, 2, 128, Policy, float, dropping>>({3, 5}).check();
}

TEST_CASE("find_kept: sequences of several lengths") {
  std::vector<std::int32_t> const lengths{5, 2, 4};
  using layer_type = post_norm_block<width, 2, 128, policy::slim, float>;
  moved_tape<layer_type>(sequence_batch::padded(3, 5, 5, lengths.data())).check();
  std::vector<std::int32_t> const starts{0, 5, 7, 11};
  moved_tape<layer_type>(sequence_batch::packed(3, 5, 5, starts.data(), starts.data())).check();
}

TEST_CASE("find_kept: memory that it cannot use is refused") {
  moved_tape<pre_norm_block<width, 2, 128, policy::slim, float>> each({3, 5});
  testing::recording_updates receiver;
  ledger book;
  bytes const tape(each.tape_bytes);
  bytes const scratch(each.scratch_bytes);
  auto const find = [&](arena& memory) {
    each.run_on(receiver, memory, [&](auto& run) { (void)find_kept(run, each.network.layer, each.batch); });
  };
  arena with_scratch(book, tape.span(), scratch.span());
  CHECK_THROWS_AS(find(with_scratch), usage_error);
  arena small(book, tape.span().first(tape.span().size() - 64));
  CHECK_THROWS_AS(find(small), memory_error);
}
