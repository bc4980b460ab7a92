// SPDX-License-Identifier: MIT
// Cases: optimizers, over as many weights as a batch has activations.
#include <slimfit/optim/kernels/adamw.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/kernels/sgd.hpp>

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
    return row_task{adamw_update<T, HasGradient>{by, count, {weights}, {first, second}, gradient, sums}, blocks};
  });
}

template <scalar T>
void add_coded_adamw() {
  add_case<T>("adamw_update (8-bit moments)", width, [](workspace& memory) {
    index_t const count = memory.rows() * width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.update<T>(count);
    // Codes and scales of zero, and updated from then on.
    auto const coded = [&]<bool Signed>(coded_moment<Signed>) {
      index_t const scales = divide_up(count, moment_block);
      memory.count_bytes(2 * (count + scales * 4));
      return coded_moment<Signed>{memory.allocate<std::uint8_t>(count), memory.allocate<float>(scales)};
    };
    coded_moments<float> const moments{coded(coded_moment<true>{}), coded(coded_moment<false>{})};
    auto const* const gradient = memory.read<T>(count);
    auto* const sums = memory.allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by =
        memory.constants(adamw_coefficients<float>{0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1e-6F, 1e-5F, 1.0F, 0});
    return row_task{adamw_update<T, true, coded_moments<float>>{by, count, {weights}, moments, gradient, sums}, blocks};
  });
}

/// Float copies beside bf16 weights.
void add_copied_adamw() {
  add_case<bf16>("adamw_update (master copy)", width, [](workspace& memory) {
    index_t const count = memory.rows() * width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.update<bf16>(count);
    auto* const copy = memory.update<float>(count);
    auto* const first = memory.update<float>(count);
    auto* const second = memory.allocate<float>(count);  // zeros: second moments are not negative
    memory.count_bytes(2 * count * 4);
    auto const* const gradient = memory.read<bf16>(count);
    auto* const sums = memory.allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by =
        memory.constants(adamw_coefficients<float>{0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1e-6F, 1e-5F, 1.0F, 0});
    using kernel = adamw_update<bf16, true, number_moments<float>, copied_weights<bf16>>;
    return row_task{kernel{by, count, {weights, copy}, {first, second}, gradient, sums}, blocks};
  });
}

template <scalar T>
void add_gradient_sums() {
  add_case<T>("add_gradient", width, [](workspace& memory) {
    index_t const count = memory.rows() * width;
    auto* const sum = memory.update<T>(count);
    return row_task{kernels::add_gradient<T>{memory.read<T>(count), count, 0.5F, 0.5F, sum},
                    divide_up(count, update_block)};
  });
  add_case<T>("square_gradient", width, [](workspace& memory) {
    index_t const count = memory.rows() * width;
    index_t const blocks = divide_up(count, update_block);
    auto* const sums = memory.allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    return row_task{kernels::square_gradient<T>{memory.read<T>(count), count, sums}, blocks};
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
    add_coded_adamw<T>();
    add_gradient_sums<T>();
    add_sgd<T, true>();
    add_sgd<T, false>();
  });
  add_copied_adamw();
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
