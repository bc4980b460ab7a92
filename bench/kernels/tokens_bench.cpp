// SPDX-License-Identifier: MIT
// Bandwidth on one core of the kernels that gather, scatter and sum over tokens. Sizes are those of ViT-B/16 (197
// tokens) and of BERT-base (128 tokens, 30,522 words).
#include <slimfit/kernels.hpp>

#include "support.hpp"

using namespace slimfit;
using namespace slimfit::kernels;

namespace {

constexpr int width = 768;
constexpr index_t batch = 8;
constexpr index_t image_tokens = 197;

/// Ids of words for `rows` tokens, spread over the table.
std::vector<std::int32_t> word_ids(index_t rows, int vocabulary) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(rows));
  std::mt19937 engine(1);
  for (auto& id : ids) { id = std::uniform_int_distribution<std::int32_t>(0, vocabulary - 1)(engine); }
  return ids;
}

constexpr index_t row_bytes(index_t rows) { return rows * width * 4; }

void start_tokens_bench(benchmark::State& state) {
  index_t const rows = batch * image_tokens;
  auto const position = bench::normal(image_tokens * width);
  auto const one = bench::normal(width);
  std::vector<float> y(static_cast<std::size_t>(rows * width));
  bench::run(state, rows, start_tokens<width, float>{position.data(), one.data(), one.data(), image_tokens, y.data()},
             row_bytes(rows + image_tokens), 0);
}
BENCHMARK(start_tokens_bench);

void sum_over_sequences_bench(benchmark::State& state) {
  auto const x = bench::normal(batch * image_tokens * width);
  std::vector<float> y(static_cast<std::size_t>(image_tokens * width));
  bench::run(state, image_tokens, sum_over_sequences<width, float>{x.data(), batch, image_tokens, y.data()},
             row_bytes((batch + 1) * image_tokens), 0);
}
BENCHMARK(sum_over_sequences_bench);

void gather_rows_bench(benchmark::State& state) {
  index_t const rows = 512;
  auto const x = bench::normal(rows * 8 * width);
  std::vector<float> y(static_cast<std::size_t>(rows * width));
  bench::run(state, rows, gather_rows<width, float>{x.data(), {.tokens = 8}, y.data()}, row_bytes(2 * rows), 0);
}
BENCHMARK(gather_rows_bench);

void scatter_rows_bench(benchmark::State& state) {
  index_t const rows = 512;
  auto const x = bench::normal(rows * width);
  std::vector<float> y(static_cast<std::size_t>(rows * 8 * width));
  bench::run(state, rows, scatter_rows<width, float>{x.data(), {.tokens = 8}, y.data()}, row_bytes(2 * rows), 0);
}
BENCHMARK(scatter_rows_bench);

void extract_patches_bench(benchmark::State& state) {
  index_t const rows = batch * image_tokens;
  auto const images = bench::normal(batch * 3 * 224 * 224);
  std::vector<float> y(static_cast<std::size_t>(rows * width));
  bench::run(state, rows, extract_patches<224, 16, 3, float>{images.data(), 0, y.data()},
             row_bytes(rows + batch * (image_tokens - 1)), 0);
}
BENCHMARK(extract_patches_bench);

void center_keys_bench(benchmark::State& state) {
  auto keys = bench::normal(batch * image_tokens * width);
  bench::run(state, batch, center_keys<width, float>{keys.data(), {.tokens = image_tokens}},
             3 * row_bytes(batch * image_tokens), 0);
}
BENCHMARK(center_keys_bench);

constexpr int vocabulary = 30522;
constexpr index_t words_in_sequence = 128;

void embed_tokens_bench(benchmark::State& state) {
  index_t const rows = 4 * batch * words_in_sequence;
  auto const words = bench::normal(index_t{vocabulary} * width);
  auto const types = bench::normal(2 * width);
  auto const positions = bench::normal(512 * width);
  auto const ids = word_ids(rows, vocabulary);
  std::vector<std::int32_t> const type_ids(ids.size(), 0);
  auto const places = word_ids(rows, words_in_sequence);
  std::vector<float> y(static_cast<std::size_t>(rows * width));
  bench::run(state, rows,
             embed_tokens<width, float>{
                 {ids.data(), type_ids.data(), places.data()}, words.data(), types.data(), positions.data(), y.data()},
             row_bytes(2 * rows), 0);
}
BENCHMARK(embed_tokens_bench);

void scatter_add_columns_bench(benchmark::State& state) {
  index_t const rows = 4 * batch * words_in_sequence;
  auto const gradient = bench::normal(rows * width);
  auto const ids = word_ids(rows, vocabulary);
  std::vector<float> table(static_cast<std::size_t>(index_t{vocabulary} * width));
  using kernel = scatter_add_columns<width, float>;
  bench::run(state, width / kernel::columns, kernel{ids.data(), gradient.data(), rows, table.data(), 0, vocabulary},
             row_bytes(3 * rows), 0);
}
BENCHMARK(scatter_add_columns_bench);

void sum_rows_bench(benchmark::State& state) {
  index_t const rows = 2048;
  auto const x = bench::normal(rows * width);
  std::vector<float> y(width);
  bench::run(state, 1, sum_rows<width, float>{x.data(), rows, y.data()}, row_bytes(rows), 0);
}
BENCHMARK(sum_rows_bench);

void tanh_forward_bench(benchmark::State& state) {
  index_t const rows = 2048;
  auto const x = bench::normal(rows * width);
  std::vector<float> y(x.size());
  bench::run(state, rows, tanh_forward<width, float>{x.data(), y.data()}, row_bytes(2 * rows), 0);
}
BENCHMARK(tanh_forward_bench);

void tanh_backward_bench(benchmark::State& state) {
  index_t const rows = 2048;
  auto const y = bench::normal(rows * width);
  std::vector<float> dx(y.size());
  bench::run(state, rows, tanh_backward<width, float>{y.data(), y.data(), dx.data()}, row_bytes(2 * rows), 0);
}
BENCHMARK(tanh_backward_bench);

void cross_entropy_bench(benchmark::State& state) {
  index_t const classes = state.range(0);
  index_t const rows = 4096000 / classes;
  auto const logits = bench::normal(rows * classes);
  std::vector<std::int32_t> const labels(static_cast<std::size_t>(rows), 1);
  std::vector<float> gradient(logits.size());
  std::vector<sample_result> results(labels.size());
  bench::run(state, rows,
             cross_entropy<float>{logits.data(), labels.data(), classes, 1, gradient.data(), results.data()},
             2 * rows * classes * 4, 0);
}
BENCHMARK(cross_entropy_bench)->Arg(10)->Arg(1000);

void span_cross_entropy_bench(benchmark::State& state) {
  constexpr index_t samples = 512;
  constexpr index_t tokens = 384;
  auto const scores = bench::normal(2 * samples * tokens);
  std::vector<std::int32_t> const labels(2 * samples, 5);
  std::vector<float> gradient(scores.size());
  std::vector<sample_result> results(samples);
  bench::run(
      state, samples,
      span_cross_entropy<float>{scores.data(), labels.data(), {.tokens = tokens}, 1, gradient.data(), results.data()},
      4 * samples * tokens * 4, 0);
}
BENCHMARK(span_cross_entropy_bench);

void squared_error_bench(benchmark::State& state) {
  constexpr index_t samples = 1 << 16;
  auto const scores = bench::normal(samples);
  std::vector<float> gradient(scores.size());
  std::vector<sample_result> results(scores.size());
  bench::run(state, samples, squared_error<float>{scores.data(), scores.data(), 1, gradient.data(), results.data()},
             samples * (3 * 4 + static_cast<index_t>(sizeof(sample_result))), 0);
}
BENCHMARK(squared_error_bench);

}  // namespace

BENCHMARK_MAIN();
