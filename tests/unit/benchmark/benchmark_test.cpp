// SPDX-License-Identifier: MIT
// What registered benchmarks report: bytes moved at least, kept, temporary and at the peak; on the host, and on CUDA
// where nvcc compiles this.
#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include <slimfit/benchmark.hpp>
#include <slimfit/slimfit.hpp>

using namespace slimfit;

namespace {

#if defined(__CUDACC__)
using device = cuda;
#else
using device = host;
#endif
constexpr benchmarks::kernel_options one_sequence{.sequences = 1};
constexpr index_t rows = 197;

/// Keeps what Google Benchmark would print.
class kept_runs : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(Context const& /*context*/) override { return true; }
  void ReportRuns(std::vector<Run> const& runs) override {
    for (auto const& run : runs) {
      CHECK(run.iterations > 0);
      auto& counters = found[run.run_name.function_name];
      for (auto const& [name, counter] : run.counters) { counters[name] = counter.value; }
    }
  }
  std::map<std::string, std::map<std::string, double>> found;
};

/// Counters of what is registered, by name; none is registered afterwards.
std::map<std::string, std::map<std::string, double>> run_registered() {
  kept_runs runs;
  benchmark::RunSpecifiedBenchmarks(&runs);
  benchmark::ClearRegisteredBenchmarks();
  return runs.found;
}
template <std::size_t N>
void run_once(std::array<benchmarks::registered, N> const& each) {
  for (auto* const one : each) { one->Iterations(1); }
}

template <int Width>
struct twice {
  static constexpr int width = Width;
  using scalar_type = float;
  float const* input;
  float* output;
  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const x = load<Width>(group, input + row * Width);
    store(group, output + row * Width, map([](float a) { return 2 * a; }, x));
  }
};

template <int Width, class Stash>
struct in_place {
  using value_type = float;
  static constexpr int inputs = Width;
  static constexpr int outputs = Width;
  using kept_type = kept_rows<Stash, float, Width>;
  parameter<float> weight = make_parameter<float>(parameter_kind::unit, Width);

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visitor(weight, name + ".weight");
  }
  template <class Context>
  constexpr kept_type forward(Context& run, sequence_batch const& batch, forward_operands<float> const& in,
                              forward_results<float> const& out) const {
    auto const kept = run.template keep<Stash, float, Width>(
        batch.rows(), {.name = "rows", .purpose = category::static_activations, .units = {weight.unit}},
        matrix_place{weight.position});
    using form_type = std::remove_const_t<decltype(kept)>;
    run.launch(batch.rows(), kernels::save_rows<Width, float, form_type>{in.input, kept});
    run.launch(batch.rows(), twice<Width>{in.input, out.output});
    return {kept, batch};
  }
  template <class Context>
  constexpr void backward(Context& run, kept_type const& kept, backward_operands<float> const& above,
                          backward_results<float> const& below) const {
    run.launch(kept.batch.rows(), twice<Width>{above.output_gradient, below.input_gradient});
    Stash::release(run.memory, kept.input);
  }
};

constexpr vit_shape tiny{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 2};

}  // namespace

TEST_CASE("a kernel's fewest bytes are those that its workspace declares") {
  constexpr int width = 64;
  benchmarks::kernel<device>(
      "twice",
      [](auto& memory) {
        auto const* const input = memory.template read<float>(memory.rows() * width);
        auto* const output = memory.template write<float>(memory.rows() * width);
        return benchmarks::row_task{twice<width>{input, output}, memory.rows()};
      },
      one_sequence)
      ->Iterations(1);
  auto const found = run_registered();
  REQUIRE(found.contains("twice"));
  CHECK(found.at("twice").at("bytes_least") == 2 * rows * width * 4);
  CHECK(found.at("twice").at("bytes_kept") == 0);
  CHECK(found.at("twice").at("bytes_per_second") > 0);
  CHECK(found.at("twice").at("bandwidth_fraction") > 0);
}

TEST_CASE("stashes report what they keep, by the operator that they are for") {
  using codes = stash::quantized<format::affine<4, 64>>;
  run_once(benchmarks::stash<codes, 64, device>("codes", one_sequence));
  run_once(benchmarks::stash<stash::gelu_derivative<format::gelu_derivative_codebook<4>>, 64, device, bf16>(
      "derivative", one_sequence));
  run_once(benchmarks::stash<stash::layer_norm_normalized<codes>, 64, device>("normalized", one_sequence));
  auto const found = run_registered();
  // 32 bytes of codes and one bf16 scale of each row, both padded to 64 bytes.
  auto const coded = static_cast<double>(arena::padded(rows * 32) + arena::padded(rows * 4));
  for (auto const* const name : {"codes/save_rows 64 float", "codes/restore_rows 64 float"}) {
    REQUIRE(found.contains(name));
    CHECK(found.at(name).at("bytes_kept") == coded);
    CHECK(found.at(name).at("bytes_least") >= rows * 64 * 4 + rows * 32);
  }
  REQUIRE(found.contains("derivative/gelu_forward 64 bf16"));
  CHECK(found.at("derivative/gelu_backward 64 bf16").at("bytes_kept") == arena::padded(rows * 32));
  CHECK(found.at("derivative/gelu_backward 64 bf16").at("bytes_least") >= rows * (2 * 64 * 2 + 32));
  REQUIRE(found.contains("normalized/layer_norm_forward 64 float"));
  CHECK(found.at("normalized/layer_norm_backward 64 float").at("bytes_kept") > coded);
}

TEST_CASE("a format reports its bits and its error") {
  run_once(benchmarks::format<format::symmetric<8, 64>, 64, device>("8 bits", one_sequence));
  run_once(benchmarks::format<format::fixed_point<3, 4>, 64, device>("fixed", one_sequence));
  auto const found = run_registered();
  CHECK(found.at("8 bits/error").at("bits_per_number") == doctest::Approx(8.25));
  CHECK(found.at("fixed/error").at("bits_per_number") == doctest::Approx(8));
  // Rounding to steps of 1/16 loses 1/16/sqrt(12) of a number of size 1.
  CHECK(found.at("fixed/error").at("relative_error") == doctest::Approx(1 / 16.0 / std::sqrt(12.0)).epsilon(0.05));
  CHECK(found.at("8 bits/error").at("relative_error") < 0.01);
}

TEST_CASE("layers report what they keep and what they take beside it") {
  using dense_input = linear<32, 64, stash::by_state<stash::dense, stash::none>, float>;
  run_once(benchmarks::layer<dense_input, device>("linear", {.rows = 16}));
  run_once(benchmarks::layer<dense_input, device>("frozen", {.rows = 16, .is_frozen = true}));
  run_once(benchmarks::layer<in_place<64, stash::dense>, device>("in place", {.rows = 16}));
  run_once(benchmarks::layer<layer_norm<32, stash::layer_norm_normalized<stash::dense>, float>, device>("norm",
                                                                                                        {.rows = 16}));
  CHECK_THROWS_AS((benchmarks::layer<dense_input, device>("linear", {.rows = 16, .tokens = 5})), value_error);
  auto const found = run_registered();
  auto const forward = found.at("linear/forward 16 x 32 float");
  auto const both = found.at("linear/forward and backward 16 x 32 float");
  constexpr index_t matrices = 16 * 32 + 16 * 64;
  constexpr index_t parameters = 32 * 64 + 64;
  CHECK(forward.at("bytes_kept") == 16 * 32 * 4);
  CHECK(forward.at("bytes_least") == 4 * (matrices + parameters) + 16 * 32 * 4);
  CHECK(both.at("bytes_least") == 4 * (2 * matrices + 3 * parameters) + 2 * 16 * 32 * 4);
  CHECK(both.at("bytes_temporary") >= 32 * 64 * 4);  // the weight's gradient
  CHECK(found.at("frozen/forward and backward 16 x 32 float").at("bytes_kept") == 0);
  CHECK(found.at("in place/forward 16 x 64 float").at("bytes_kept") == 16 * 64 * 4);
  CHECK(found.at("norm/forward 16 x 32 float").at("bytes_kept") > 16 * 32 * 4);
}

TEST_CASE("a step reports what its plan says") {
  using model = vit<tiny, policy::exact, device>;
  benchmarks::step<model>("tiny", {.batch = 2, .frozen_percent = 0})->Iterations(1);
  auto const found = run_registered();
  auto const& step = found.at("tiny/step, batch 2");
  auto const planned = step_plan<model, adamw>(2).with(active_set::all(model::units), active_set::all(model::units));
  CHECK(step.at("bytes_kept") == static_cast<double>(planned.stored));
  CHECK(step.at("bytes_peak") == static_cast<double>(planned.peak()));
  CHECK(step.at("items_per_second") > 0);
}
