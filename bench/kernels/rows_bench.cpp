// SPDX-License-Identifier: MIT
// Bandwidth of every row kernel on one core.
#include <slimfit/format.hpp>
#include <slimfit/kernels.hpp>
#include <slimfit/stash.hpp>

#include "support.hpp"

using namespace slimfit;
using namespace slimfit::kernels;
using bench::rows;

namespace {

constexpr auto purpose = category::static_activations;
template <int Width>
constexpr index_t matrix_bytes = rows* Width * 4;

void memcpy_256_mib(benchmark::State& state) {
  std::vector<std::byte> from(256U << 20U, std::byte{1});
  std::vector<std::byte> to(from.size(), std::byte{2});
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  bench::report(state, 2 * static_cast<index_t>(from.size()), 0);
}
BENCHMARK(memcpy_256_mib);

/// Keeps by `S`, calls `f(kept, bytes kept)`.
template <class S, int Width, class F>
void with_kept(F const& f) {
  bench::tape tape;
  auto const kept = stash::keep<S, float, Width>(tape.memory(), rows, purpose, unit_state::active, random_stream{});
  f(kept, tape.memory().tape_bytes());
}

template <class S, int Width>
void layer_norm_forward_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  auto const gamma = bench::normal(Width);
  std::vector<float> y(x.size());
  with_kept<S, Width>([&](auto kept, index_t bytes) {
    bench::run(
        state, rows,
        layer_norm_forward<Width, float, decltype(kept)>{x.data(), gamma.data(), gamma.data(), y.data(), 1e-12F, kept},
        2 * matrix_bytes<Width> + bytes, bytes);
  });
}

template <class S, int Width, parameter_gradients Wanted>
void layer_norm_backward_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  auto const gamma = bench::normal(Width);
  std::vector<float> dx(x.size());
  std::vector<float> partials(static_cast<std::size_t>(2 * row_block_count(rows) * Width));
  with_kept<S, Width>([&](auto kept, index_t bytes) {
    for (index_t row = 0; row < rows; ++row) {
      auto const tile = load<Width>(serial_group{}, x.data() + row * Width);
      kept.save(serial_group{}, row, tile, {0, 1}, tile);
    }
    using kernel = layer_norm_backward<Width, float, decltype(kept), Wanted>;
    bench::run(state, kernel::launches(rows),
               kernel{kept, x.data(), gamma.data(), dx.data(), 1e-12F, rows, update_mode::overwrite, partials.data(),
                      partials.data() + row_block_count(rows) * Width},
               2 * matrix_bytes<Width> + bytes, bytes);
  });
}

template <class S, int Width>
void gelu_forward_bench(benchmark::State& state) {
  auto const z = bench::normal(rows * Width);
  auto const bias = bench::normal(Width);
  std::vector<float> h(z.size());
  with_kept<S, Width>([&](auto kept, index_t bytes) {
    bench::run(state, rows, gelu_forward<Width, float, decltype(kept)>{z.data(), bias.data(), h.data(), kept, {}},
               2 * matrix_bytes<Width> + bytes, bytes);
  });
}

template <class S, int Width>
void gelu_backward_bench(benchmark::State& state) {
  auto const z = bench::normal(rows * Width);
  std::vector<float> dh(z.size());
  with_kept<S, Width>([&](auto kept, index_t bytes) {
    for (index_t row = 0; row < rows; ++row) {
      kept.save(serial_group{}, row, load<Width>(serial_group{}, z.data() + row * Width));
    }
    bench::run(state, rows, gelu_backward<Width, float, decltype(kept)>{kept, z.data(), dh.data()},
               2 * matrix_bytes<Width> + bytes, bytes);
  });
}

template <class S, int Width>
void save_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  with_kept<S, Width>([&](auto kept, index_t bytes) {
    bench::run(state, rows, save_rows<Width, float, decltype(kept)>{x.data(), kept}, matrix_bytes<Width> + bytes,
               bytes);
  });
}

template <class S, int Width>
void restore_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  std::vector<float> y(x.size());
  with_kept<S, Width>([&](auto kept, index_t bytes) {
    for (index_t row = 0; row < rows; ++row) {
      kept.save(serial_group{}, row, load<Width>(serial_group{}, x.data() + row * Width));
    }
    bench::run(state, rows, restore_rows<Width, float, decltype(kept)>{kept, y.data()}, matrix_bytes<Width> + bytes,
               bytes);
  });
}

template <int Width>
void bias_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  std::vector<float> y(x.size());
  bench::run(state, rows, broadcast_bias<Width, float>{x.data(), x.data(), y.data()}, 2 * matrix_bytes<Width>, 0);
}

template <int Width>
void column_sums_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  std::vector<float> partials(static_cast<std::size_t>(row_block_count(rows) * Width));
  bench::run(state, column_sums<Width, float>::launches(rows),
             column_sums<Width, float>{x.data(), rows, partials.data()}, matrix_bytes<Width>, 0);
}

template <int Width>
void add_dropped_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  std::vector<float> y(x.size());
  bench::run(state, rows,
             add_dropped<Width, float, percent<10>>{x.data(), x.data(), y.data(), random_stream{}, row_numbers{}},
             2 * matrix_bytes<Width>, 0);
}
template <int Width>
void scale_columns_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  std::vector<float> y(x.size());
  bench::run(state, rows, scale_columns<Width, float>{x.data(), x.data(), y.data(), y.data()}, 3 * matrix_bytes<Width>,
             0);
}
template <int Width>
void layer_scale_gradients_bench(benchmark::State& state) {
  auto const weight = bench::normal(rows * Width);
  auto gradient = weight;
  std::vector<float> sums(static_cast<std::size_t>(rows));
  bench::run(state, rows,
             layer_scale_gradients<Width, float>{weight.data(), weight.data(), weight.data(), gradient.data(),
                                                 sums.data(), sums.data()},
             3 * matrix_bytes<Width>, 0);
}
template <int Width>
void dropout_bench(benchmark::State& state) {
  auto const x = bench::normal(rows * Width);
  std::vector<float> y(x.size());
  bench::run(state, rows, dropout<Width, float, percent<10>>{x.data(), y.data(), random_stream{}},
             2 * matrix_bytes<Width>, 0);
}

using normalized_dense = stash::layer_norm_normalized<stash::dense>;
using normalized_4_bits = stash::layer_norm_normalized<stash::quantized<format::affine<4>>>;
using normalized_pruned = stash::layer_norm_normalized<stash::pruned<percent<10>>>;
using input_with = stash::layer_norm_input<stash::statistics::with>;
using input_without = stash::layer_norm_input<stash::statistics::without>;
using gelu_dense = stash::gelu_input<stash::dense>;
using gelu_paper = stash::gelu_input<stash::quantized<format::fixed_point<2, 1>>>;
template <int Bits>
using gelu_codes = stash::gelu_derivative<format::gelu_derivative_codebook<Bits>>;
template <class Format>
using coded = stash::quantized<Format>;
using pruned_coded = stash::pruned<percent<10>, format::symmetric<8, 16>>;

#define SLIMFIT_BOTH_WIDTHS(...) \
  BENCHMARK(__VA_ARGS__ 768 >);  \
  BENCHMARK(__VA_ARGS__ 3072 >)
#define SLIMFIT_BACKWARD(stash_type)                                                \
  BENCHMARK(layer_norm_backward_bench<stash_type, 768, parameter_gradients::none>); \
  BENCHMARK(layer_norm_backward_bench<stash_type, 768, parameter_gradients::all>);  \
  BENCHMARK(layer_norm_backward_bench<stash_type, 3072, parameter_gradients::all>)

SLIMFIT_BOTH_WIDTHS(layer_norm_forward_bench < input_with, );
SLIMFIT_BOTH_WIDTHS(layer_norm_forward_bench < stash::none, );
SLIMFIT_BOTH_WIDTHS(layer_norm_forward_bench < normalized_dense, );
SLIMFIT_BOTH_WIDTHS(layer_norm_forward_bench < normalized_4_bits, );
SLIMFIT_BOTH_WIDTHS(layer_norm_forward_bench < normalized_pruned, );
SLIMFIT_BACKWARD(input_with);
SLIMFIT_BACKWARD(input_without);
SLIMFIT_BACKWARD(normalized_dense);
SLIMFIT_BACKWARD(normalized_4_bits);
SLIMFIT_BACKWARD(normalized_pruned);
SLIMFIT_BOTH_WIDTHS(gelu_forward_bench < stash::none, );
SLIMFIT_BOTH_WIDTHS(gelu_forward_bench < gelu_dense, );
SLIMFIT_BOTH_WIDTHS(gelu_forward_bench < gelu_paper, );
SLIMFIT_BOTH_WIDTHS(gelu_forward_bench < gelu_codes<4>, );
SLIMFIT_BOTH_WIDTHS(gelu_forward_bench < gelu_codes<3>, );
SLIMFIT_BOTH_WIDTHS(gelu_forward_bench < gelu_codes<2>, );
SLIMFIT_BOTH_WIDTHS(gelu_backward_bench < gelu_dense, );
SLIMFIT_BOTH_WIDTHS(gelu_backward_bench < gelu_paper, );
SLIMFIT_BOTH_WIDTHS(gelu_backward_bench < gelu_codes<4>, );
SLIMFIT_BOTH_WIDTHS(gelu_backward_bench < gelu_codes<3>, );
SLIMFIT_BOTH_WIDTHS(gelu_backward_bench < gelu_codes<2>, );
SLIMFIT_BOTH_WIDTHS(save_bench < stash::dense, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::symmetric<8>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::affine<8>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::affine<4>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::affine<3>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::affine<2>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::affine<1>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::affine<4, 64, format::stochastic>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::fixed_point<3, 4>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::symmetric<4>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::symmetric<8, 64, format::stochastic>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::fixed_point<2, 1>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < coded<format::unsigned_fixed_point<8>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < stash::pruned<percent<10>>, );
SLIMFIT_BOTH_WIDTHS(save_bench < pruned_coded, );
SLIMFIT_BOTH_WIDTHS(restore_bench < stash::dense, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::symmetric<8>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::affine<4>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::affine<3>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::affine<2>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::affine<8>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::affine<1>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::symmetric<4>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::fixed_point<3, 4>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::fixed_point<2, 1>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < coded<format::unsigned_fixed_point<8>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < stash::pruned<percent<10>>, );
SLIMFIT_BOTH_WIDTHS(restore_bench < pruned_coded, );
SLIMFIT_BOTH_WIDTHS(bias_bench <);
SLIMFIT_BOTH_WIDTHS(column_sums_bench <);
SLIMFIT_BOTH_WIDTHS(dropout_bench <);
SLIMFIT_BOTH_WIDTHS(add_dropped_bench <);
SLIMFIT_BOTH_WIDTHS(scale_columns_bench <);
SLIMFIT_BOTH_WIDTHS(layer_scale_gradients_bench <);

}  // namespace

BENCHMARK_MAIN();
