// SPDX-License-Identifier: MIT
// What the documentation's examples add to the library, on CUDA beside the host: the same losses, memory as planned.
#include <doctest/doctest.h>

#include <cmath>

#include "examples/extending/feature_scale.hpp"
#include "examples/extending/gated_vit.hpp"
#include "examples/extending/train.hpp"

using namespace slimfit;

namespace own_criterion {
#include "examples/extending/own_criterion.cpp"
}
namespace own_format {
#include "examples/extending/own_format.cpp"
}
namespace own_layer {
#include "examples/extending/own_layer.cpp"
}

namespace {

template <template <class> class Model>
void check_beside_host() {
  constexpr int steps = 10;
  auto const expected = extending::run<Model<host>>(steps);
  auto const actual = extending::run<Model<cuda>>(steps);
  // Sums in another order, through some updates.
  CHECK(actual.first == doctest::Approx(expected.first).epsilon(1e-5));
  CHECK(actual.last == doctest::Approx(expected.last).epsilon(1e-3));
  CHECK(actual.last < actual.first);
  CHECK(actual.as_planned);
}

template <class Device>
using with_criterion = vit<extending::shape, own_criterion::my_policy, Device>;
template <class Device>
using with_format = vit<extending::shape, own_format::my_policy, Device>;
template <class Device>
using with_layer = model<own_layer::network, Device>;
inline constexpr vit_shape gated_shape{
    .image = 16, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 4, .classes = 2};
template <class Device>
using with_blocks = model<gated_vit<gated_shape, mixed_policy, float>, Device>;

}  // namespace

TEST_CASE("a criterion of one's own") { check_beside_host<with_criterion>(); }
TEST_CASE("a format of one's own") { check_beside_host<with_format>(); }
TEST_CASE("a layer of one's own") { check_beside_host<with_layer>(); }
TEST_CASE("blocks of one's own, under a policy per block") { check_beside_host<with_blocks>(); }
