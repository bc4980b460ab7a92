// SPDX-License-Identifier: MIT
// Cases: optimizers, over as many weights as a batch has activations.
#include <slimfit/kernels/adamw.hpp>
#include <slimfit/kernels/sgd.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

constexpr int width = 768;

template <scalar T, bool HasGradient>
void add_adamw() {
  add_case<T>(HasGradient ? "adamw_update" : "adamw_update (coasting)", width, [](workspace& memory) {
    index_t const count = memory.rows() * width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.update<T>(count);
    auto* const first = memory.update<float>(count);
    auto* const second = memory.allocate<float>(count);  // zeros: second moments are not negative
    memory.count_bytes(2 * count * 4);
    auto const* const gradient = HasGradient ? memory.read<T>(count) : nullptr;
    auto* const sums = memory.allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by =
        memory.constants(adamw_coefficients<float>{0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1e-6F, 1e-5F, 1.0F, 0});
    return row_task{adamw_update<T, HasGradient>{by, count, weights, first, second, gradient, sums}, blocks};
  });
}

template <scalar T, bool HasMomentum>
void add_sgd() {
  add_case<T>(HasMomentum ? "sgd_update (momentum)" : "sgd_update", width, [](workspace& memory) {
    index_t const count = memory.rows() * width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.update<T>(count);
    auto* const moment = HasMomentum ? memory.update<float>(count) : nullptr;
    auto const* const gradient = memory.read<T>(count);
    auto* const sums = memory.allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by = memory.constants(sgd_coefficients<float>{1e-3F, 0.9F, 1e-4F, 0});
    return row_task{sgd_update<T, HasMomentum>{by, count, weights, moment, gradient, sums}, blocks};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    add_adamw<T, true>();
    add_adamw<T, false>();
    add_sgd<T, true>();
    add_sgd<T, false>();
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
