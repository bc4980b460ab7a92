// SPDX-License-Identifier: MIT
// Clipped values are counted on CUDA as on the host, and a matrix whose largest values survive is saved by its layer.
#include <doctest/doctest.h>

#include <slimfit/backend/cuda.cuh>
#include <slimfit/backend/host.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/policy/formats.hpp>
#include <slimfit/stash/stash.hpp>

#include "support/fixture.hpp"

using namespace slimfit;

namespace {

constexpr int width = 96;
constexpr index_t rows = 301;

struct no_updates {
  static constexpr bool releases = true;
  template <scalar T>
  void apply(parameter<T> const& /*target*/, T* /*gradient*/) {}
};

/// What a normalisation and a linear layer save of the same rows: counters, and the rows of the normalisation again.
struct saved {
  test::vector<saturation_total> counters;
  test::vector<float> normalized;
};

template <class Device, class NormStash>
saved save(test::vector<float>& x) {
  layer_norm<width, NormStash, float> norm;
  linear<width, 8, stash::quantized<format::fixed_point<1, 1>>, float> projection;
  test::vector<float> weights(width, 1.0F);
  int position = 0;
  auto const bind = [&](parameter<float>& each, no_name) {
    each.data = weights.data();
    each.position = position++;
  };
  norm.visit(bind, no_name{});
  projection.visit(bind, no_name{});
  Device device;
  test::tape tape;
  no_updates updates;
  saved result{test::vector<saturation_total>(static_cast<std::size_t>(saturation_counters(position))),
               test::vector<float>(rows * width)};
  context<Device, no_updates> run{device, tape.memory(), updates, {}, true, 0, 0, {true, result.counters.data()}};
  auto const kept_norm = norm.forward(run, x.data(), rows, result.normalized.data());
  auto const kept_input = projection.keep(run, rows);
  projection.save_input(run, kept_input, x.data(), rows);
  norm.with_output(kept_norm, [&](auto const& source) {
    using source_type = std::remove_cvref_t<decltype(source)>;
    run.launch(rows, kernels::restore_rows<width, float, source_type>{source, result.normalized.data()});
  });
  test::vector<float> last(1);
  device.copy(result.normalized.data(), last.data(), 1);  // waits
  projection.release(run, kept_input);
  norm.release(run, kept_norm);
  return result;
}

}  // namespace

TEST_CASE("counters on CUDA are those of the host") {
  using norm_stash = stash::layer_norm_normalized<stash::quantized<format::fixed_point<0, 3>>>;
  auto x = test::normal<float>(rows * width, 3, 0.5, 2);
  auto const expected = save<host, norm_stash>(x);
  auto const actual = save<cuda, norm_stash>(x);
  index_t clipped = 0;
  for (std::size_t i = 0; i < expected.counters.size(); ++i) {
    CHECK(actual.counters[i].total == expected.counters[i].total);
    // Normalised values differ by rounding, and a few may lie at the edge of the range.
    CHECK(std::abs(actual.counters[i].clipped - expected.counters[i].clipped) <= 3);
    clipped += actual.counters[i].clipped > 0 ? 1 : 0;
  }
  CHECK(clipped == 2);
}

TEST_CASE("the same values survive of a matrix") {
  using norm_stash = stash::layer_norm_normalized<stash::pruned<percent<10>, format::full, stash::per_tensor>>;
  auto x = test::normal<float>(rows * width, 3, 0.5, 2);
  auto const expected = save<host, norm_stash>(x).normalized;
  auto const actual = save<cuda, norm_stash>(x).normalized;
  index_t survivors = 0;
  index_t different = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    survivors += actual[i] != 1 ? 1 : 0;  // 0 times the weight plus the bias, which are 1
    different += std::abs(actual[i] - expected[i]) > 1e-5F ? 1 : 0;
  }
  CHECK(survivors == percent<10>::of(rows * width));
  CHECK(different <= 4);
  CHECK(save<cuda, norm_stash>(x).normalized == actual);
}
