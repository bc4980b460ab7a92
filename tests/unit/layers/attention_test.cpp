// SPDX-License-Identifier: MIT
// Attention against plain loops and PyTorch's numbers, for every way of keeping probabilities and operands.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/io/safetensors.hpp>
#include <slimfit/layers/attention.hpp>
#include <slimfit/policy/presets.hpp>

#include "reference/attention.hpp"
#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

/// Results in the layout of the layer: rows of `Heads * Size` features.
struct layer_result {
  std::vector<double> output;
  std::array<std::vector<double>, 3> gradients;
};

template <class T>
std::vector<double> widened(std::vector<T> const& values) {
  return {values.begin(), values.end()};
}

template <int Heads, int Size, class Policy, class T>
layer_result run_layer(std::array<std::vector<T>, 3> operands, std::vector<T> const& output_gradient,
                       sequence_batch const& batch) {
  using layer = attention<Heads * Size, Heads, Policy, T>;
  host device({.threads = 2});
  test::tape tape(256 * MiB);
  testing::recording_updates updates;
  context<host, testing::recording_updates> run{device, tape.memory(), updates, {}, true, 0, 0};
  auto const kept = layer::keep(run, batch);
  // As in a block: operands that are kept dense are computed where they are kept.
  std::array<T*, 3> data{operands[0].data(), operands[1].data(), operands[2].data()};
  auto const count = static_cast<index_t>(output_gradient.size());
  for (std::size_t i = 0; i < 3; ++i) {
    kept.operands[i].visit([&](auto const& view) {
      if (auto* const place = detail::tape_matrix<T>(view)) {
        device.copy(operands[i].data(), place, count);
        data[i] = place;
      }
    });
  }
  std::vector<T> output(output_gradient.size(), T{7});
  layer::forward(run, data, kept, batch, output.data());
  std::array<std::vector<T>, 3> gradients;
  for (auto& each : gradients) { each.assign(output.size(), T{7}); }
  layer::backward(run, kept, batch, output_gradient.data(),
                  {gradients[0].data(), gradients[1].data(), gradients[2].data()});
  layer::release(run, kept);
  CHECK(tape.memory().tape_bytes() == 0);
  return {widened(output), {widened(gradients[0]), widened(gradients[1]), widened(gradients[2])}};
}

/// The reference for the whole layer, head by head. All of the batch's memory is the host's.
template <int Heads, int Size, class T>
layer_result expected(std::array<std::vector<T>, 3> const& operands, std::vector<T> const& output_gradient,
                      sequence_batch const& batch) {
  auto const all = output_gradient.size();
  layer_result result{std::vector<double>(all),
                      {std::vector<double>(all), std::vector<double>(all), std::vector<double>(all)}};
  auto const& where = batch.where();
  for (index_t b = 0; b < batch.count(); ++b) {
    reference::head_shape const shape{test::length(where.rows(b)), Size, test::length(where.keys(b))};
    for (std::size_t h = 0; h < Heads; ++h) {
      auto const at = [&](std::size_t i) {
        return (test::length(where.first(b)) + i / Size) * Heads * Size + h * Size + i % Size;
      };
      auto const slice = [&](auto const& from) {
        std::vector<double> head(shape.tokens * Size);
        for (std::size_t i = 0; i < head.size(); ++i) { head[i] = static_cast<double>(from[at(i)]); }
        return head;
      };
      auto const q = slice(operands[0]);
      auto const k = slice(operands[1]);
      auto const v = slice(operands[2]);
      auto const forward = reference::attention_forward(q, k, v, shape);
      auto const backward =
          reference::attention_backward(q, k, v, forward.probabilities, slice(output_gradient), shape);
      for (std::size_t i = 0; i < shape.tokens * Size; ++i) {
        result.output[at(i)] = forward.output[i];
        result.gradients[0][at(i)] = backward.query[i];
        result.gradients[1][at(i)] = backward.key[i];
        result.gradients[2][at(i)] = backward.value[i];
      }
    }
  }
  return result;
}

using eager = policy::eager::attention;
using tiled = attention_policy::tiled<stash::dense>;
using tiled_centered = attention_policy::tiled<stash::dense, attention_keys::centered>;
using slim = policy::slim::attention;
using paper = policy::paper::attention;

/// @param exact tolerance of what is exact, @param coded of gradients from coded stashes
template <int Heads, int Size, class T>
void compare(sequence_batch const& batch, double exact, double coded) {
  index_t const tokens = batch.tokens();
  CAPTURE(tokens);
  std::array<std::vector<T>, 3> operands;
  index_t const count = batch.rows() * Heads * Size;
  for (unsigned i = 0; i < 3; ++i) { operands[i] = test::normal<T>(count, i); }
  auto const gradient = test::normal<T>(count, 9);
  auto const truth = expected<Heads, Size>(operands, gradient, batch);
  auto const check = [&]<class Policy>(Policy, double tolerance) {
    auto const actual = run_layer<Heads, Size, Policy, T>(operands, gradient, batch);
    CHECK(test::relative_error(actual.output, truth.output) < exact);
    CHECK(test::relative_error(actual.gradients[2], truth.gradients[2]) < tolerance);
    if (tokens == 1) {  // one key: its probability is 1 (255/256 for the paper), so queries and keys have no gradient
      CHECK(*std::max_element(actual.gradients[0].begin(), actual.gradients[0].end()) <
            (tolerance > exact ? 0.05 : 1e-5));
      return;
    }
    CHECK(test::relative_error(actual.gradients[0], truth.gradients[0]) < tolerance);
    CHECK(test::relative_error(actual.gradients[1], truth.gradients[1]) < tolerance);
  };
  check(eager{}, exact);
  check(tiled{}, exact);
  check(tiled_centered{}, exact);
  check(slim{}, coded);
  // The paper's probabilities have steps of 1/256 whatever their size of about 1 / tokens: a relative error of about
  // tokens / (256 * sqrt(12) * 1.6), beside that of operands in steps of 1/16.
  check(paper{}, 0.05 + 0.001 * static_cast<double>(tokens));
}

}  // namespace

TEST_CASE("attention: equals plain loops, for every policy and edge size") {
  // Sums of up to 64 products and a softmax over up to 197 values, each rounded once.
  for (index_t tokens : {1, 2, 17, 63, 64, 65, 197}) {
    compare<2, 64, float>({2, tokens}, 2e-6, 0.02);
    compare<3, 8, double>({1, tokens}, 1e-13, 0.02);
  }
  compare<1, 80, float>({1, 33}, 2e-6, 0.02);
  compare<4, 16, float>({40, 17}, 2e-6, 0.02);  // more heads than tasks at a time
}

TEST_CASE("attention: padding is not attended to, and takes no rows where it is dropped") {
  // Where there is one key, its probability is rebuilt from codes as nearly 1: a gradient that should be 0.
  std::vector<std::int32_t> const lengths{70, 1, 33, 64};
  compare<2, 64, float>(sequence_batch::padded(4, 70, 70, lengths.data()), 2e-6, 0.04);
  compare<3, 8, double>(sequence_batch::padded(4, 80, 80, lengths.data()), 1e-13, 0.04);
  std::vector<std::int32_t> const starts{0, 70, 71, 104, 168};
  auto const packed = sequence_batch::packed(4, 70, 80, starts.data(), starts.data());
  compare<2, 64, float>(packed, 2e-6, 0.02);
  compare<3, 8, double>(packed, 1e-13, 0.02);
  // Parts of the batch are batches.
  auto const part = packed.part(1, 2);
  CHECK(part.rows() == 34);
  CHECK(part.where().first(0) == 0);
  CHECK(part.where().first(1) == 1);
  compare<2, 8, double>(part, 1e-13, 0.02);
}

TEST_CASE("attention: equals PyTorch") {
  safetensors_file const file(std::string(SLIMFIT_FIXTURES) + "/layers_f64.safetensors");
  for (index_t tokens : {1, 5, 17}) {
    CAPTURE(tokens);
    auto const prefix = "attention." + std::to_string(tokens) + ".";
    // The file has heads outside tokens; here a row holds all heads.
    auto const read = [&](std::string const& name) {
      std::vector<double> values(static_cast<std::size_t>(2 * 2 * tokens * 8));
      file.read_into(prefix + name, {2, 2, tokens, 8}, values.data());
      std::vector<double> rows(values.size());
      auto const n = static_cast<std::size_t>(tokens);
      for (std::size_t i = 0; i < values.size(); ++i) {
        auto const d = i % 8, t = i / 8 % n, h = i / 8 / n % 2, b = i / 8 / n / 2;
        rows[((b * n + t) * 2 + h) * 8 + d] = values[i];
      }
      return rows;
    };
    auto const actual = run_layer<2, 8, tiled, double>({read("q"), read("k"), read("v")}, read("do"), {2, tokens});
    CHECK(test::relative_error(actual.output, read("o")) < 1e-13);
    CHECK(test::relative_error(actual.gradients[2], read("dv")) < 1e-13);
    if (tokens > 1) {
      CHECK(test::relative_error(actual.gradients[0], read("dq")) < 1e-12);
      CHECK(test::relative_error(actual.gradients[1], read("dk")) < 1e-12);
    }
  }
}

TEST_CASE("attention: a number added to all keys changes nothing, centered keys shrink what codes must cover") {
  constexpr index_t tokens = 40;
  std::array<std::vector<float>, 3> operands;
  for (unsigned i = 0; i < 3; ++i) { operands[i] = test::normal<float>(tokens * 64, i); }
  auto const gradient = test::normal<float>(tokens * 64, 5);
  auto shifted = operands;
  for (std::size_t i = 0; i < shifted[1].size(); ++i) { shifted[1][i] += 30.0F; }
  auto const truth = expected<1, 64>(operands, gradient, {1, tokens});
  using coded_centered = attention_policy::tiled<stash::quantized_heads<8>, attention_keys::centered>;
  auto const centered = run_layer<1, 64, coded_centered, float>(shifted, gradient, {1, tokens});
  auto const plain = run_layer<1, 64, slim, float>(shifted, gradient, {1, tokens});
  CHECK(test::relative_error(centered.gradients[0], truth.gradients[0]) < 0.02);
  CHECK(test::relative_error(plain.gradients[0], truth.gradients[0]) > 0.05);
}

TEST_CASE("attention: NaN stays visible") {
  auto operands = std::array<std::vector<float>, 3>{test::normal<float>(5 * 8, 1), test::normal<float>(5 * 8, 2),
                                                    test::normal<float>(5 * 8, 3)};
  operands[0][8] = std::nanf("");
  auto const result = run_layer<1, 8, tiled, float>(operands, test::normal<float>(5 * 8, 4), {1, 5});
  CHECK(std::isnan(result.output[8]));
  CHECK_FALSE(std::isnan(result.output[0]));
  CHECK(std::isnan(result.gradients[1][0]));
}
