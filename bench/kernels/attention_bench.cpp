// SPDX-License-Identifier: MIT
// Attention on one core: what it does with rows of scores, beside memcpy, and one whole head, beside its matrix
// products. Tokens are those of ViT-B/16 (197, 577) and of BERT-base (128, 384).
#include <slimfit/backend/host.hpp>
#include <slimfit/benchmark.hpp>
#include <slimfit/format.hpp>
#include <slimfit/kernels/host/attention_engine.hpp>

using namespace slimfit;
using namespace slimfit::kernels;

namespace {

constexpr index_t batch = 8;
constexpr index_t heads = 12;

/// Numbers, and a tape for what is kept.
struct attention_memory {
  host device{{.threads = 1}};  // switches the BLAS's own threads off
  benchmarks::workspace<host> data{&device, 1};
  ledger book;
  arena tape{book, data.allocate<std::byte>(64 * MiB), 64 * MiB};
};

/// What attention does with each row of scores. The rows of one block of queries stay in cache, as in a training step.
/// @param f called with the block's scores and a second block
template <class F>
void score_rows(benchmark::State& state, index_t moved, index_t kept, F const& f) {
  index_t const tokens = state.range(0);
  index_t const blocks = heads * batch;
  attention_memory memory;
  float const* const first = memory.data.filled<float>(query_block * tokens);
  float* const second = memory.data.allocate<float>(query_block * tokens);
  for ([[maybe_unused]] auto _ : state) {
    for (index_t block = 0; block < blocks; ++block) {
      for (index_t row = 0; row < query_block; ++row) {
        f(first + row * tokens, second + row * tokens, block * query_block + row);
      }
      benchmark::DoNotOptimize(second);
      benchmark::ClobberMemory();
    }
  }
  benchmarks::report_bytes<host>(state, blocks * query_block * tokens * moved, blocks * query_block * kept);
}

void softmax_forward_bench(benchmark::State& state) {
  index_t const tokens = state.range(0);
  score_rows(state, 8, 4,
             [&](float const* x, float* y, index_t) { benchmark::DoNotOptimize(softmax_row(x, y, tokens, 1.0F)); });
}
void softmax_from_log_sum_bench(benchmark::State& state) {
  index_t const tokens = state.range(0);
  score_rows(state, 8, 0, [&](float const* x, float* y, index_t) { softmax_from_log_sum(x, y, tokens, 1.0F, 3.0F); });
}
void softmax_backward_bench(benchmark::State& state) {
  index_t const tokens = state.range(0);
  score_rows(state, 12, 0, [&](float const* x, float* y, index_t) { softmax_row_backward(x, y, y, tokens, 0.125F); });
}
using codes = stash::probabilities_quantized<format::unsigned_fixed_point<8>>;
void probabilities_save_bench(benchmark::State& state) {
  index_t const tokens = state.range(0);
  attention_memory memory;
  auto const kept = codes::keep<float>(memory.tape, heads * batch * tokens, tokens, unit_state::active);
  score_rows(state, 5, tokens, [&](float const* x, float*, index_t row) { kept.save(row, tokens, tokens, x, 0.0F); });
}
void probabilities_restore_bench(benchmark::State& state) {
  index_t const tokens = state.range(0);
  attention_memory memory;
  auto const kept = codes::keep<float>(memory.tape, heads * batch * tokens, tokens, unit_state::active);
  score_rows(state, 5, tokens, [&](float const*, float* y, index_t row) {
    benchmark::DoNotOptimize(kept.restore(row, 1, tokens, tokens, y));
  });
}
BENCHMARK(softmax_forward_bench)->Arg(128)->Arg(197)->Arg(384)->Arg(577);
BENCHMARK(softmax_from_log_sum_bench)->Arg(128)->Arg(197)->Arg(384)->Arg(577);
BENCHMARK(softmax_backward_bench)->Arg(128)->Arg(197)->Arg(384)->Arg(577);
BENCHMARK(probabilities_save_bench)->Arg(197)->Arg(384);
BENCHMARK(probabilities_restore_bench)->Arg(197)->Arg(384);

/// One head, forward and backward: floating-point operations of its matrix products per second.
template <class Probabilities>
void attention_head_bench(benchmark::State& state) {
  constexpr int size = 64;
  index_t const tokens = state.range(0);
  attention_memory memory;
  auto const kept = Probabilities::template keep<float>(memory.tape, tokens, tokens, unit_state::active);
  index_t const count = tokens * size;
  float const* const x = memory.data.filled<float>(3 * count);
  float* const y = memory.data.allocate<float>(3 * count);
  float* const scores = memory.data.allocate<float>(2 * score_elements(tokens));
  attention_operands<float> const operands{x, x + count, x + 2 * count, size, tokens, tokens, tokens};
  for ([[maybe_unused]] auto _ : state) {
    attention_head_forward<host, size, float>(operands, kept, y, scores);
    attention_head_backward<host, size, float>(operands, kept, x, y, y + count, y + 2 * count, scores);
    benchmark::ClobberMemory();
  }
  constexpr double products = Probabilities::template kept<float>::recomputes ? 7 : 6;
  state.counters["bytes_kept"] = static_cast<double>(memory.tape.tape_bytes());
  state.counters["flops"] = benchmark::Counter(2 * products * static_cast<double>(tokens * tokens * size),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(attention_head_bench<stash::probabilities_dense>)->Arg(128)->Arg(197)->Arg(384)->Arg(577);
BENCHMARK(attention_head_bench<codes>)->Arg(128)->Arg(197)->Arg(384)->Arg(577);
BENCHMARK(attention_head_bench<stash::probabilities_recomputed>)->Arg(128)->Arg(197)->Arg(384)->Arg(577);

}  // namespace

BENCHMARK_MAIN();
