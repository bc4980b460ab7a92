// SPDX-License-Identifier: MIT
// Cases: optimizers, over as many weights as a batch has activations.
#pragma once

#include <slimfit/optim/kernels/adamw.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/kernels/sgd.hpp>

#include "cases.hpp"

namespace slimfit::bench {

inline constexpr int optimizer_width = 768;

template <scalar T, bool HasGradient, class Cases>
void add_adamw(Cases const& cases) {
  cases.template add<T>(HasGradient ? "adamw_update" : "adamw_update (coasting)", optimizer_width, [](auto& memory) {
    index_t const count = memory.rows() * optimizer_width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.template update<T>(count);
    auto* const first = memory.template update<float>(count);
    auto* const second = memory.template allocate<float>(count);  // zeros: second moments are not negative
    memory.count_bytes(2 * count * 4);
    auto const* const gradient = HasGradient ? memory.template read<T>(count) : nullptr;
    auto* const sums = memory.template allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by =
        memory.constants(adamw_coefficients<float>{0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1e-6F, 1e-5F, 1.0F, 0});
    return row_task{adamw_update<T, HasGradient>{by, count, {weights}, {first, second}, gradient, sums}, blocks};
  });
}

template <scalar T, class Cases>
void add_coded_adamw(Cases const& cases) {
  cases.template add<T>("adamw_update (8-bit moments)", optimizer_width, [](auto& memory) {
    index_t const count = memory.rows() * optimizer_width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.template update<T>(count);
    // Codes and scales of zero, and updated from then on.
    auto const coded = [&]<bool Signed>(coded_moment<Signed>) {
      index_t const scales = divide_up(count, moment_block);
      memory.count_bytes(2 * (count + scales * 4));
      return coded_moment<Signed>{memory.template allocate<std::uint8_t>(count),
                                  memory.template allocate<float>(scales)};
    };
    coded_moments<float> const moments{coded(coded_moment<true>{}), coded(coded_moment<false>{})};
    auto const* const gradient = memory.template read<T>(count);
    auto* const sums = memory.template allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by =
        memory.constants(adamw_coefficients<float>{0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1e-6F, 1e-5F, 1.0F, 0});
    return row_task{adamw_update<T, true, coded_moments<float>>{by, count, {weights}, moments, gradient, sums}, blocks};
  });
}

/// Float copies beside bf16 weights.
template <class Cases>
void add_copied_adamw(Cases const& cases) {
  cases.template add<bf16>("adamw_update (master copy)", optimizer_width, [](auto& memory) {
    index_t const count = memory.rows() * optimizer_width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.template update<bf16>(count);
    auto* const copy = memory.template update<float>(count);
    auto* const first = memory.template update<float>(count);
    auto* const second = memory.template allocate<float>(count);  // zeros: second moments are not negative
    memory.count_bytes(2 * count * 4);
    auto const* const gradient = memory.template read<bf16>(count);
    auto* const sums = memory.template allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by =
        memory.constants(adamw_coefficients<float>{0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1e-6F, 1e-5F, 1.0F, 0});
    using kernel = adamw_update<bf16, true, number_moments<float>, copied_weights<bf16>>;
    return row_task{kernel{by, count, {weights, copy}, {first, second}, gradient, sums}, blocks};
  });
}

template <scalar T, class Cases>
void add_gradient_sums(Cases const& cases) {
  cases.template add<T>("add_gradient", optimizer_width, [](auto& memory) {
    index_t const count = memory.rows() * optimizer_width;
    auto* const sum = memory.template update<T>(count);
    return row_task{kernels::add_gradient<T>{memory.template read<T>(count), count, 0.5F, 0.5F, sum},
                    divide_up(count, update_block)};
  });
  cases.template add<T>("square_gradient", optimizer_width, [](auto& memory) {
    index_t const count = memory.rows() * optimizer_width;
    index_t const blocks = divide_up(count, update_block);
    auto* const sums = memory.template allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    return row_task{kernels::square_gradient<T>{memory.template read<T>(count), count, sums}, blocks};
  });
}

template <scalar T, bool HasMomentum, class Cases>
void add_sgd(Cases const& cases) {
  cases.template add<T>(HasMomentum ? "sgd_update (momentum)" : "sgd_update", optimizer_width, [](auto& memory) {
    index_t const count = memory.rows() * optimizer_width;
    index_t const blocks = divide_up(count, update_block);
    auto* const weights = memory.template update<T>(count);
    auto* const moment = HasMomentum ? memory.template update<float>(count) : nullptr;
    auto const* const gradient = memory.template read<T>(count);
    auto* const sums = memory.template allocate<update_sums>(blocks);
    memory.count_rows(blocks, sizeof(update_sums));
    auto const* const by = memory.constants(sgd_coefficients<float>{1e-3F, 0.9F, 1e-4F, 0});
    return row_task{sgd_update<T, HasMomentum>{by, count, weights, moment, gradient, sums}, blocks};
  });
}

template <class Cases>
void add_optimizer_cases(Cases const& cases) {
  cases.for_scalars([&]<class T>() {
    add_adamw<T, true>(cases);
    add_adamw<T, false>(cases);
    add_coded_adamw<T>(cases);
    add_gradient_sums<T>(cases);
    add_sgd<T, true>(cases);
    add_sgd<T, false>(cases);
    if constexpr (std::same_as<T, bf16>) { add_copied_adamw(cases); }
  });
}

}  // namespace slimfit::bench
