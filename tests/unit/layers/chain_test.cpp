// SPDX-License-Identifier: MIT
// Layers one after the other, and functions of elements as layers: gradients, parts, what is kept, refusals.
#include <slimfit/layers/chain.hpp>
#include <slimfit/layers/element_layer.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/layers/row_layer.hpp>
#include <slimfit/policy/presets.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

namespace {

using while_active = stash::by_state<stash::dense, stash::none>;

/// x * y * z, whose arguments are told apart by constants.
struct triple_product {
  static constexpr char const* name = "product";
  static constexpr int inputs = 3;
  template <class T>
  SLIMFIT_HD static T value(T x, T y, T z) {
    return x * (y + 1) * (z + 2);
  }
  template <class T>
  SLIMFIT_HD static element_gradients<T, 3> gradients(T x, T y, T z, T d) {
    return {d * (y + 1) * (z + 2), d * x * (z + 2), d * x * (y + 1)};
  }
};
/// A function of one number, in place.
struct square {
  static constexpr char const* name = "square";
  static constexpr int inputs = 1;
  template <class T>
  SLIMFIT_HD static T value(T x) {
    return x * x;
  }
  template <class T>
  SLIMFIT_HD static element_gradients<T, 1> gradients(T x, T d) {
    return {2 * x * d};
  }
};
static_assert(element_function<triple_product> && element_function<square>);

template <class Function, class Stash = stash::dense, scalar T = double>
using element = element_layer<5, Function, Stash, T>;
template <int In, int Out, class Stash = while_active, scalar T = double>
using linear_map = linear<In, Out, Stash, T>;
using three_parts = chain<linear_map<6, 15>, element<triple_product>, linear_map<5, 4, stash::rebuilt>>;
using in_place = chain<linear_map<6, 5>, element<square>, element<square>, linear_map<5, 4, stash::rebuilt>>;

/// Bytes on the tape between the passes of `Layer`, all or none of whose units are active.
template <class Layer>
index_t kept_bytes(index_t rows, bool active) {
  layer_network<Layer> network;
  bind_parameters(network, nullptr, bias_updates::always);
  using counting_type = counting<host>;
  ledger book;
  arena memory(book);
  counting_type device;
  counted_updates<true> updates;
  context<counting_type, counted_updates<true>> run{
      device, memory, updates, active ? active_set::all(8) : active_set::none(), true, 0, 0};
  auto const kept = network.layer.forward(run, sequence_batch(rows, 1), {}, {});
  index_t const bytes = memory.tape_bytes();
  network.layer.backward(run, kept, {}, {});
  CHECK(memory.tape_bytes() == 0);
  return bytes;
}

}  // namespace

TEST_CASE("element_layer: gradients are differences of the loss, of each argument") {
  for (index_t const rows : {1, 7}) {
    testing::layer_check<element<triple_product>>(sequence_batch(rows, 1), 15, 5).check_gradients();
    testing::layer_check<element<square>>(sequence_batch(rows, 1), 5, 5).check_gradients();
  }
}

TEST_CASE("element_layer: parts give what the whole gives") {
  testing::layer_check<element<triple_product>>(sequence_batch(33, 1), 15, 5).check_parts(8);
}

TEST_CASE("element_layer refuses a residual and a missing gradient") {
  testing::layer_check<element<triple_product>>(sequence_batch(3, 1), 15, 5).check_refusals(true);
}

TEST_CASE("chain: gradients are differences of the loss") {
  sequence_batch const batch(9, 1);
  testing::layer_check<three_parts>(batch, 6, 4).check_gradients();
  testing::layer_check<in_place>(batch, 6, 4).check_gradients();
  // Kept as it is between two layers, for the second.
  testing::layer_check<chain<linear_map<6, 5>, linear_map<5, 4>>>(batch, 6, 4).check_gradients();
  testing::layer_check<chain<linear_map<6, 5>, element<square>, linear_map<5, 4>>>(batch, 6, 4).check_gradients();
  using norm = layer_norm<6, stash::layer_norm_normalized<stash::dense>, double>;
  testing::layer_check<chain<norm, linear_map<6, 3>>>(batch, 6, 3).check_gradients();
}

TEST_CASE("chain: the input's gradient may be left out where the first layer lets it") {
  testing::layer_check<three_parts>(sequence_batch(9, 1), 6, 4).check_without_input_gradient();
}

TEST_CASE("chain: weights behind a layer without any are there, however the chain was made") {
  struct holder {
    three_parts chain;
    int other = 0;
  };
  holder made;
  std::vector<index_t> counts;
  made.chain.visit([&](parameter<double> const& each, no_name) { counts.push_back(each.count()); }, no_name{});
  CHECK(counts == std::vector<index_t>{15 * 6, 15, 4 * 5, 4});
}

TEST_CASE("chain: parts give what the whole gives") {
  testing::layer_check<three_parts>(sequence_batch(33, 1), 6, 4).check_parts(8);
  testing::layer_check<in_place>(sequence_batch(33, 1), 6, 4).check_parts(5);
}

TEST_CASE("chain: each layer keeps what it says, and nothing for its neighbours") {
  constexpr index_t rows = 8;
  auto const padded = [](index_t numbers) { return arena::padded(numbers * 8); };
  CHECK(kept_bytes<three_parts>(rows, true) == padded(rows * 6) + padded(3 * rows * 5));
  CHECK(kept_bytes<three_parts>(rows, false) == padded(3 * rows * 5));
  using coded = element<triple_product, stash::quantized<format::fixed_point<3, 4>>>;
  using coded_chain = chain<linear_map<6, 15>, coded, linear_map<5, 4, stash::rebuilt>>;
  CHECK(kept_bytes<coded_chain>(rows, false) == arena::padded(3 * rows * 8));  // codes of whole groups of eight
}

TEST_CASE("chain: a stash that rounds at random draws by the layer before it") {
  using random_format = format::affine<8, 8, format::stochastic>;
  using rounded = chain<linear_map<6, 15>, element<triple_product, stash::quantized<random_format>>, linear_map<5, 4>>;
  layer_network<rounded> network;
  auto const layout = bind_parameters(network, nullptr, bias_updates::always);
  auto weights = test::normal<double>(layout.elements, 2);
  bind_parameters(network, weights.data(), bias_updates::always);
  auto const x = test::normal<double>(7 * 6, 1);
  auto const gradient_with = [&](std::uint64_t seed) {
    host device({.threads = 1});
    test::tape tape;
    testing::recording_updates updates;
    context<host, testing::recording_updates> run{device, tape.memory(), updates, active_set::all(8), true, seed, 0};
    std::vector<double> y(7 * 4);
    std::vector<double> dx(7 * 6);
    auto const kept = network.layer.forward(run, sequence_batch(7, 1), {.input = x.data()}, {.output = y.data()});
    network.layer.backward(run, kept, {.output_gradient = y.data()}, {.input_gradient = dx.data()});
    return dx;
  };
  CHECK(gradient_with(1) == gradient_with(1));
  CHECK(gradient_with(1) != gradient_with(2));
}
