// SPDX-License-Identifier: MIT
// Clipped values are counted on CUDA as on the host, and a matrix whose largest values survive is saved by its layer.
#include <doctest/doctest.h>

#include <slimfit/slimfit.hpp>

#include "support/fixture.hpp"

using namespace slimfit;

namespace {

constexpr int width = 96;
constexpr index_t rows = 301;

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
  counted_updates<true> updates;
  saved result{test::vector<saturation_total>(static_cast<std::size_t>(saturation_counters(position))),
               test::vector<float>(rows * width)};
  context<Device, counted_updates<true>> run{
      device, tape.memory(), updates, {}, true, 0, 0, {true, result.counters.data()}};
  sequence_batch const batch(rows, 1);
  auto const kept_norm = norm.forward(run, batch, {.input = x.data()}, {.output = result.normalized.data()});
  auto const kept_input = projection.keep(run, batch);
  projection.projection().save_input(run, kept_input.input, x.data(), rows);
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

struct held_paper : policy::paper_published {
  using freezing =
      slimfit::freezing::inter_layer<slimfit::freezing::relative_update, percent<50>, slimfit::freezing::hold<3>>;
};
inline constexpr vit_shape small{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};

/// Reports of a few steps. @param stream to record steps on; null: they are not recorded
template <class Device>
std::vector<step_report> train([[maybe_unused]] cudaStream_t stream = nullptr) {
  using model_type = vit<small, held_paper, Device>;
  auto const options = [&] {
    if constexpr (std::is_same_v<Device, cuda>) {
      return cuda_options{.stream = stream};
    } else {
      return host_options{.threads = 1};
    }
  }();
  Device device(options);
  model_type net(device, 3);
  for (auto const& [name, each] : net.parameters()) {
    if (name.find("bias") == std::string::npos) { continue; }
    auto const drawn = test::normal<float>(each.count(), 4, 0, 4);  // beyond the ranges
    std::vector<float> const values(drawn.begin(), drawn.end());
    device.copy(values.data(), each.data, each.count());
  }
  trainer run(net, adamw{.learning_rate = 1e-4},
              trainer_options{.seed = 5, .record_steps = stream != nullptr, .count_saturation = true});
  std::vector<float> images;
  for (float const value : test::normal<float>(3 * 3 * 12 * 12, 7)) { images.push_back(value); }
  std::vector<std::int32_t> const labels{1, 4, 0};
  std::vector<step_report> reports;
  for (int step = 0; step < 5; ++step) {
    reports.push_back(run.step(images, labels));
    REQUIRE(reports.back().measured == reports.back().planned);
  }
  return reports;
}

}  // namespace

TEST_CASE("a model's counters on CUDA are those of the host, of recorded steps as well") {
  auto const expected = train<host>();
  auto const actual = train<cuda>();
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  auto const replayed = train<cuda>(stream);
  check(cudaStreamDestroy(stream), "stream");
  for (std::size_t step = 0; step < expected.size(); ++step) {
    CAPTURE(step);
    CHECK(std::abs(actual[step].loss - expected[step].loss) < 1e-3);
    CHECK(replayed[step].saturation == actual[step].saturation);
    REQUIRE(actual[step].saturation.size() == expected[step].saturation.size());
    index_t clipped = 0;
    for (std::size_t i = 0; i < expected[step].saturation.size(); ++i) {
      auto const& on_host = expected[step].saturation[i];
      auto const& on_cuda = actual[step].saturation[i];
      CHECK(on_cuda.layer == on_host.layer);
      CHECK(on_cuda.matrix == on_host.matrix);
      CHECK(on_cuda.total == on_host.total);
      CHECK(std::abs(on_cuda.clipped - on_host.clipped) <= 3);  // values at the edge of the range
      clipped += on_cuda.clipped;
    }
    CHECK(clipped > 100);
  }
}

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
