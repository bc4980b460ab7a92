// SPDX-License-Identifier: MIT
// A layer through its C interface: the numbers of the layer itself, memory to the byte, and failures as sentences.
#include <doctest/doctest.h>
#include <slimfit/interop/layer_library.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/policy/presets.hpp>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

constexpr int width = 64;
using layer_type = pre_norm_block<width, 2, 128, policy::slim, float>;
constexpr index_t sequences = 3;
constexpr index_t tokens = 5;
constexpr index_t numbers = sequences * tokens * width;

/// Memory of `bytes` bytes at a multiple of 64.
struct bytes {
  explicit bytes(index_t count) : memory(static_cast<std::size_t>(count) + 64) {}
  [[nodiscard]] slimfit_memory given() {
    auto const address = reinterpret_cast<std::uintptr_t>(memory.data());
    return {memory.data() + (64 - address % 64) % 64, static_cast<int64_t>(memory.size()) - 64};
  }
  std::vector<std::byte> memory;
};

/// A layer's weights as a caller has them: each by itself.
struct caller {
  std::vector<std::vector<float>> weights;
  std::vector<std::vector<float>> gradients;
  std::vector<void*> parameters;
  std::vector<void*> places;
  std::vector<unsigned char> wanted;
  std::vector<std::int32_t> lengths{5, 2, 4};

  caller() {
    layer_network<layer_type> network;
    bind_parameters(network, nullptr, bias_updates::always);
    network.visit(
        [&](parameter<float> const& each, no_name) {
          auto const values = test::normal<float>(each.count(), static_cast<unsigned>(each.position), 0, 0.2);
          weights.emplace_back(values.begin(), values.end());
          gradients.emplace_back(values.size(), -7.0F);
        },
        no_name{});
    wanted.assign(weights.size(), 1);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      parameters.push_back(weights[i].data());
      places.push_back(gradients[i].data());
    }
  }
  [[nodiscard]] slimfit_pass pass() const {
    return {sequences, tokens, lengths.data(), parameters.data(), wanted.data(), 11, 0, 2, nullptr};
  }
};

std::vector<float> rows(unsigned seed) {
  auto const values = test::normal<float>(numbers, seed);
  return {values.begin(), values.end()};
}

struct result {
  std::vector<float> output;
  std::vector<float> input_gradient;
};

/// Both passes in memory of the sizes that are planned; the tape is moved between them.
result run(caller& from) {
  auto const pass = from.pass();
  slimfit_sizes sizes{};
  REQUIRE(slimfit_layer_sizes(&pass, &sizes) == SLIMFIT_OK);
  auto const x = rows(1);
  result found{std::vector<float>(x.size()), rows(2)};
  bytes moved(sizes.tape);
  {
    bytes tape(sizes.tape);
    bytes scratch(sizes.forward_scratch);
    REQUIRE(slimfit_layer_forward(&pass, x.data(), found.output.data(), tape.given(), scratch.given()) == SLIMFIT_OK);
    std::memcpy(moved.given().data, tape.given().data, static_cast<std::size_t>(sizes.tape));
  }
  bytes scratch(sizes.backward_scratch);
  auto* const gradient = found.input_gradient.data();
  REQUIRE(slimfit_layer_backward(&pass, moved.given(), gradient, gradient, from.places.data(), scratch.given()) ==
          SLIMFIT_OK);
  return found;
}

/// The same by the layer itself, with the units active whose weights are wanted.
result expected(caller& from, testing::recording_updates& updates) {
  layer_network<layer_type> network;
  bind_parameters(network, nullptr, bias_updates::always);
  active_set active;
  network.visit(
      [&](parameter<float>& each, no_name) {
        auto const position = static_cast<std::size_t>(each.position);
        each.data = from.weights[position].data();
        if (each.unit != no_unit && from.wanted[position] != 0) { active.set(each.unit); }
      },
      no_name{});
  test::tape tape;
  host device({.threads = 1});
  context<host, testing::recording_updates> pass{device, tape.memory(), updates, active, true, 11, 0};
  auto const batch = sequence_batch::padded(sequences, tokens, tokens, from.lengths.data());
  auto const x = rows(1);
  result found{std::vector<float>(x.size()), rows(2)};
  auto const kept = network.layer.forward(pass, batch, {.input = x.data()}, {.output = found.output.data()});
  auto* const gradient = found.input_gradient.data();
  network.layer.backward(pass, kept, {.output_gradient = gradient}, {.input_gradient = gradient});
  return found;
}

void check(caller& from) {
  testing::recording_updates updates;
  auto const wanted = expected(from, updates);
  auto const found = run(from);
  CHECK(found.output == wanted.output);
  CHECK(found.input_gradient == wanted.input_gradient);
  for (std::size_t i = 0; i < from.gradients.size(); ++i) {
    CAPTURE(i);
    if (from.wanted[i] != 0) {
      CHECK(std::equal(from.gradients[i].begin(), from.gradients[i].end(), updates.gradients[i].begin(),
                       [](float a, double b) { return static_cast<double>(a) == b; }));
    } else {
      CHECK(from.gradients[i] == std::vector<float>(from.gradients[i].size(), -7.0F));
    }
  }
}

}  // namespace

SLIMFIT_LAYER_LIBRARY(layer_type, slimfit::host)

TEST_CASE("layer library: both passes are the layer's own, bit for bit") {
  caller all;
  check(all);
  caller some;
  for (std::size_t i = 0; i < some.wanted.size(); i += 3) { some.wanted[i] = 0; }
  check(some);
  caller none;  // gradients of the rows alone
  none.wanted.assign(none.wanted.size(), 0);
  check(none);
}

TEST_CASE("layer library: the tape is smaller while weights are frozen, and its contents add up") {
  caller from;
  auto const pass = from.pass();
  slimfit_sizes all{};
  REQUIRE(slimfit_layer_sizes(&pass, &all) == SLIMFIT_OK);
  from.wanted.assign(from.wanted.size(), 0);
  slimfit_sizes none{};
  REQUIRE(slimfit_layer_sizes(&pass, &none) == SLIMFIT_OK);
  CHECK(none.tape == all.tape_static);
  CHECK(none.tape_static == none.tape);
  CHECK(none.tape < all.tape);
  from.wanted.assign(from.wanted.size(), 1);
  std::string const text = slimfit_layer_plan(&pass);
  CHECK(text.find(R"("name":"GELU","form":"derivative, 4 bits","static":true)") != std::string::npos);
  index_t sum = 0;
  std::string const mark = "\"bytes\":";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    sum += std::stoll(text.substr(at + mark.size()));
  }
  CHECK(sum == all.tape);
}

TEST_CASE("layer library: without a backward pass nothing is kept") {
  caller from;
  auto pass = from.pass();
  pass.wanted = nullptr;
  slimfit_sizes sizes{};
  REQUIRE(slimfit_layer_sizes(&pass, &sizes) == SLIMFIT_OK);
  CHECK(sizes.tape == 0);
  CHECK(sizes.backward_scratch == 0);
  auto const x = rows(1);
  std::vector<float> y(x.size());
  bytes scratch(sizes.forward_scratch);
  REQUIRE(slimfit_layer_forward(&pass, x.data(), y.data(), {}, scratch.given()) == SLIMFIT_OK);
  testing::recording_updates updates;
  CHECK(y == expected(from, updates).output);
  CHECK(slimfit_layer_backward(&pass, {}, x.data(), y.data(), from.places.data(), scratch.given()) == SLIMFIT_FAILED);
  CHECK(std::string(slimfit_error()).find("wanted is null") != std::string::npos);
}

TEST_CASE("layer library: what is wrong is said") {
  caller from;
  auto pass = from.pass();
  slimfit_sizes sizes{};
  REQUIRE(slimfit_layer_sizes(&pass, &sizes) == SLIMFIT_OK);
  CHECK(std::string(slimfit_error()).empty());
  auto const x = rows(1);
  std::vector<float> y(x.size());
  bytes tape(sizes.tape);
  bytes scratch(sizes.forward_scratch);
  auto small = tape.given();
  small.bytes -= 64;
  CHECK(slimfit_layer_forward(&pass, x.data(), y.data(), small, scratch.given()) == SLIMFIT_NO_MEMORY);
  auto odd = tape.given();
  odd.data = static_cast<char*>(odd.data) + 4;
  CHECK(slimfit_layer_forward(&pass, x.data(), y.data(), odd, scratch.given()) == SLIMFIT_FAILED);
  CHECK(std::string(slimfit_error()).find("modulo 64, is 4, expected 0") != std::string::npos);
  pass.tokens = 0;
  CHECK(slimfit_layer_sizes(&pass, &sizes) == SLIMFIT_FAILED);
  CHECK(slimfit_layer_plan(&pass) == nullptr);
  CHECK(std::string(slimfit_error()) == "slimfit: layer library: tokens is 0, expected at least 1");
}

TEST_CASE("layer library: describes itself") {
  std::string const text = slimfit_layer_describe();
  CHECK(text.find(R"({"interface":2,"version":")") == 0);
  CHECK(text.find(R"("scalar":"float","device":"host","width":64,)") != std::string::npos);
  CHECK(text.find(R"({"name":"attention.attention.query.weight","shape":[64,64],"unit":0})") != std::string::npos);
  CHECK(text.find(R"({"name":"attention.attention.query.bias","shape":[64],"unit":-1})") != std::string::npos);
}

TEST_CASE("layer library: memory of its own is asked of the program") {
  static index_t asked = 0;
  static index_t given_back = 0;
  asked = given_back = 0;
  auto* const allocate = +[](void* state, int64_t bytes) -> void* {
    asked += bytes;
    CHECK(state == &asked);
    return std::aligned_alloc(256, static_cast<std::size_t>((bytes + 255) / 256 * 256));
  };
  auto* const deallocate = +[](void*, void* memory, int64_t bytes) {
    given_back += bytes;
    std::free(memory);
  };
  CHECK(slimfit_use_memory(allocate, nullptr, nullptr) == SLIMFIT_FAILED);
  CHECK(std::string(slimfit_error()).find("got one function, expected both or none") != std::string::npos);
  REQUIRE(slimfit_use_memory(allocate, deallocate, &asked) == SLIMFIT_OK);
  caller from;
  check(from);
  slimfit_sizes sizes{};
  auto const pass = from.pass();
  REQUIRE(slimfit_layer_sizes(&pass, &sizes) == SLIMFIT_OK);
  CHECK(sizes.workspace == asked);  // the host holds nothing
  CHECK(slimfit_release() == SLIMFIT_OK);
  CHECK(given_back == asked);
  check(from);
  REQUIRE(slimfit_use_memory(nullptr, nullptr, nullptr) == SLIMFIT_OK);
}
