// SPDX-License-Identifier: MIT
// Gradients are written where the updates say: in scratch memory, in the arena's lasting part, in a program's memory,
// or in a bucket of several; the numbers are the same, and the counting backend counts what the pass takes.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/policy/presets.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

using layer_type = pre_norm_block<8, 2, 12, policy::exact, double, true>;
using network_type = layer_network<layer_type>;

/// Gradients stay in the arena; `seen` is where.
struct lasting_updates {
  std::vector<double const*> seen;
  [[nodiscard]] static gradient_place<double> place(parameter<double> const& /*target*/) {
    return {gradient_memory::lasting};
  }
  void apply(parameter<double> const& target, double const* gradient) {
    seen.resize(std::max(seen.size(), static_cast<std::size_t>(target.position) + 1));
    seen[static_cast<std::size_t>(target.position)] = gradient;
  }
};

/// One after the other in a bucket, in the order in which layers ask.
struct bucket_updates {
  std::vector<double> bucket;  ///< empty in plans
  index_t used = 0;
  std::map<int, index_t> first;  ///< by position
  gradient_place<double> place(parameter<double> const& target) {
    first[target.position] = used;
    used += target.count();
    return {gradient_memory::given, bucket.empty() ? nullptr : bucket.data() + first[target.position]};
  }
  void apply(parameter<double> const& /*target*/, double const* /*gradient*/) {}
};

class block_with_weights {
 public:
  block_with_weights() : layout_(bind_parameters(network_, nullptr, bias_updates::always)) {
    weights_ = test::normal<double>(layout_.elements, 2);
    bind_parameters(network_, weights_.data(), bias_updates::always);
    network_.visit([&](parameter<double> const& each, no_name) { counts_.push_back(each.count()); }, no_name{});
  }
  [[nodiscard]] parameter_layout const& layout() const { return layout_; }
  [[nodiscard]] std::vector<index_t> const& counts() const { return counts_; }

  /// A forward and a backward pass with the memory that they are planned to take, and no more.
  template <class Updates>
  void run(Updates& updates, active_set const& active, auto const& done) const {
    std::vector<double> x(static_cast<std::size_t>(batch.rows() * 8));
    std::iota(x.begin(), x.end(), -4.0);
    host device({.threads = 1});
    test::tape tape(planned(updates, active));
    context<host, Updates> pass{device, tape.memory(), updates, active, true, 0, 0};
    pass_with(pass, x.data());
    CHECK(tape.memory().high_water() == tape.memory().capacity());
    done();
  }
  template <class Updates>
  [[nodiscard]] index_t planned(Updates const& updates, active_set const& active) const {
    ledger book;
    arena memory(book);
    counting<host> device;
    auto counted = [&] {
      if constexpr (std::same_as<Updates, testing::recording_updates>) {
        return counted_updates<true>();  // there are no numbers to record
      } else {
        return updates;
      }
    }();
    context<counting<host>, decltype(counted)> pass{device, memory, counted, active, true, 0, 0};
    pass_with(pass, static_cast<double*>(nullptr));
    return memory.high_water();
  }

 private:
  static constexpr sequence_batch batch{3, 4};

  template <class Context>
  void pass_with(Context& pass, double* x) const {
    auto const kept = network_.layer.forward(pass, batch, {.input = x}, {.output = x});
    network_.layer.backward(pass, kept, {.output_gradient = x}, {.input_gradient = x});
  }

  network_type network_;
  parameter_layout layout_;
  std::vector<double> weights_;
  std::vector<index_t> counts_;
};

}  // namespace

TEST_CASE("gradient: the same wherever it lies") {
  block_with_weights const block;
  auto const all = active_set::all(block.layout().units);
  testing::recording_updates recorded;
  block.run(recorded, all, [] {});
  auto const tensors = block.counts().size();
  REQUIRE(recorded.gradients.size() == tensors);

  SUBCASE("in the arena, until it ends") {
    lasting_updates lasting;
    block.run(lasting, all, [&] {
      for (std::size_t i = 0; i < tensors; ++i) {
        CHECK(std::equal(recorded.gradients[i].begin(), recorded.gradients[i].end(), lasting.seen[i]));
      }
    });
  }
  SUBCASE("in a bucket") {
    auto const numbers = std::accumulate(block.counts().begin(), block.counts().end(), index_t{0});
    bucket_updates bucket;
    CHECK(block.planned(bucket, all) < block.planned(recorded, all));  // no gradient takes scratch memory
    bucket.bucket.resize(static_cast<std::size_t>(numbers));
    block.run(bucket, all, [] {});
    for (std::size_t i = 0; i < tensors; ++i) {
      auto const found = bucket.bucket.begin() + bucket.first[static_cast<int>(i)];
      CHECK(std::equal(recorded.gradients[i].begin(), recorded.gradients[i].end(), found));
    }
  }
  SUBCASE("where a program says, and nowhere else") {
    std::vector<unsigned char> wanted(tensors, 1);
    wanted[3] = 0;
    std::vector<std::vector<double>> given(tensors);
    std::vector<double*> places(tensors);
    for (std::size_t i = 0; i < tensors; ++i) {
      given[i].assign(static_cast<std::size_t>(block.counts()[i]) + 1, -7.0);
      places[i] = given[i].data();
    }
    given_gradients<double> updates{wanted, places};
    block.run(updates, all, [] {});
    for (std::size_t i = 0; i < tensors; ++i) {
      CHECK(given[i].back() == -7.0);
      given[i].pop_back();
      if (wanted[i] != 0) {
        CHECK(given[i] == recorded.gradients[i]);
      } else {
        CHECK(given[i] == std::vector<double>(given[i].size(), -7.0));
      }
    }
  }
}

TEST_CASE("gradient: of what is not active nothing is asked for") {
  block_with_weights const block;
  std::vector<unsigned char> const wanted(block.counts().size(), 1);
  given_gradients<double> const updates{wanted, {}};
  lasting_updates const lasting;
  CHECK(block.planned(updates, {}) < block.planned(lasting, {}));  // biases
  CHECK(block.planned(lasting, {}) < block.planned(lasting, active_set::all(block.layout().units)));
}
