// SPDX-License-Identifier: MIT
// The layer of the documentation: its gradients, and what it keeps.
#include <doctest/doctest.h>
#include <slimfit/slimfit.hpp>

#include "examples/extending/feature_scale.hpp"
#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

TEST_CASE("a user's layer has the gradients of y = x * w, and keeps nothing while frozen") {
  constexpr int width = 5;
  constexpr index_t rows = 7;
  using layer_type = feature_scale<width, stash::by_state<stash::dense, stash::none>, double>;
  for (bool const is_active : {true, false}) {
    layer_type layer;
    auto weight = test::normal<double>(width, 1);
    layer.weight.data = weight.data();
    layer.weight.unit = 0;
    layer.weight.position = 0;
    active_set active;
    active.set(0, is_active);
    host device({.threads = 2});
    test::tape tape;
    testing::recording_updates updates;
    context<host, testing::recording_updates> run{device, tape.memory(), updates, active, true, 0, 0};
    auto const x = test::normal<double>(rows * width, 2);
    auto const dy = test::normal<double>(rows * width, 3);
    auto values = x;
    auto const kept = layer.forward(run, values.data(), rows);
    CHECK(tape.memory().tape_bytes() == (is_active ? arena::padded(rows * width * 8) : 0));
    auto gradient = dy;
    layer.backward(run, kept, gradient.data(), rows);
    CHECK(tape.memory().tape_bytes() == 0);
    std::vector<double> expected(width);
    for (std::size_t i = 0; i < x.size(); ++i) {
      auto const j = i % width;
      expected[j] += x[i] * dy[i];
      CHECK(values[i] == x[i] * weight[j]);
      CHECK(gradient[i] == dy[i] * weight[j]);
    }
    if (is_active) {
      CHECK(test::relative_error(updates.gradients[0], expected) < 1e-14);
    } else {
      CHECK(updates.gradients.empty());
    }
  }
}
