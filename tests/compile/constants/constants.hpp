// SPDX-License-Identifier: MIT
// What the library computes at compile time: plans of small models under every preset, on every kind of device, choices
// for budgets, a codebook. All compilers must find the same.
#pragma once

#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/plan/fit.hpp>

#include <array>
#include <tuple>

namespace constants {

using namespace slimfit;

/// The host with a large device's wishes, so that compilers without CUDA hear of them, too.
struct large_device : host {
  using host::host;
  static constexpr index_t busy_rows = 7168;
  static constexpr index_t busy_pieces = 264;
  static constexpr index_t workspace_bytes = 4 * MiB;
};

inline constexpr vit_shape images{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};
inline constexpr bert_shape sentences{
    .vocabulary = 50, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .tokens = 10, .hidden_dropout = 10};
inline constexpr bert_shape answers{
    .vocabulary = 50, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .tokens = 10, .head = bert_head::span};

/// Every preset, which check_constants.py looks for, and what else plans differ by.
using planned_models =
    std::tuple<vit<images, policy::eager, host>, vit<images, policy::paper, host>,
               vit<images, policy::paper_published, host>, vit<images, policy::exact, host>,
               vit<images, policy::exact_half_recomputed, host>, vit<images, policy::exact_recomputed, host>,
               vit<images, policy::slim_8bit, host>, vit<images, policy::slim, host>,
               vit<images, policy::slim_3bit, host>, vit<images, policy::slim_2bit, host>,
               vit<images, policy::slim_recomputed, host>, vit<images, policy::slim_offloaded, host>,
               bert<sentences, policy::eager, host>, bert<sentences, policy::slim, host>,
               bert<answers, policy::slim, host>, vit<images, policy::slim, large_device>>;
inline constexpr std::size_t plan_count = std::tuple_size_v<planned_models>;

using numbers = std::array<index_t, 2 * (category_count + 5)>;

/// Bytes of a bound, and of a step with all units and moments as dropped ones leave them.
template <class Model>
constexpr numbers numbers_of_plan(index_t batch) {
  numbers result{};
  std::size_t next = 0;
  auto const add = [&](memory_usage const& usage) {
    for (auto const bytes : usage.peak_by_category.by_category) { result[next++] = bytes; }
    for (auto const bytes : {usage.stored, usage.temporary, usage.activations, usage.total, usage.offloaded}) {
      result[next++] = bytes;
    }
  };
  auto const plan = slimfit::plan<Model>(batch);
  add(plan.bound());
  add(plan.with(plan.costliest_units(2), active_set::all(3)));
  return result;
}

/// A constant expression of its own for each, because compilers limit how long one may take.
template <std::size_t Plan>
inline constexpr numbers plan_numbers = numbers_of_plan<std::tuple_element_t<Plan, planned_models>>(21);

template <class Policy>
using choosing_model = vit<images, Policy, host>;
using choices = candidates<candidate<policy::slim, 75, 782, 90>, candidate<policy::exact, 0, 0, 101>,
                           candidate<policy::slim_2bit, 95, 2003, 80>, candidate<policy::slim_8bit, 0, 362, 110>,
                           candidate<policy::slim_8bit, 50, 362, 105>>;
inline constexpr std::size_t choice_count = detail::search_of<choices>::type::count;
inline constexpr index_t choice_batch = 16;

/// Of the combinations that were measured, which are found by arithmetic with floating point.
using measured = detail::search_of<candidates_of<measured_choices>>::type;

/// A codebook that the library has not written down.
inline constexpr auto codebook = format::detail::codebook_levels<1, format::gelu_derivative_function<90>>;

}  // namespace constants
