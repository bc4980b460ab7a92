// SPDX-License-Identifier: MIT
// The models and policies that the tools know by name: lists of types, and the step from a name that is known when the
// program runs to a type. A tool instantiates its work for each model in a source file of its own, which keeps the
// compiler's memory and time per file in bounds.
#pragma once

#include <slimfit/core/error.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "compiled_models.hpp"

namespace examples {

/// @tparam Types each with `static constexpr char const* name`
template <class... Types>
struct type_list {};

/// A vision transformer by name.
template <slimfit::vit_shape Shape>
struct vit_entry {
  static constexpr auto shape = Shape;
  static constexpr bool is_bert = false;
  static constexpr slimfit::index_t tokens = (Shape.image / Shape.patch) * (Shape.image / Shape.patch) + 1;
  template <class Policy, class Device, class T>
  using model = slimfit::vit<Shape, Policy, Device, T>;
};
/// A BERT by name.
template <slimfit::bert_shape Shape>
struct bert_entry {
  static constexpr auto shape = Shape;
  static constexpr bool is_bert = true;
  static constexpr slimfit::index_t tokens = Shape.tokens;
  template <class Policy, class Device, class T>
  using model = slimfit::bert<Shape, Policy, Device, T>;
};

struct vit_s16 : vit_entry<slimfit::shapes::vit_small_16> {
  static constexpr char const* name = "vit-s16";
};
struct vit_b16 : vit_entry<slimfit::shapes::vit_base_16> {
  static constexpr char const* name = "vit-b16";
};
struct vit_b16_384 : vit_entry<slimfit::shapes::vit_base_16_384> {
  static constexpr char const* name = "vit-b16-384";
};
struct vit_l16 : vit_entry<slimfit::shapes::vit_large_16> {
  static constexpr char const* name = "vit-l16";
};
struct bert_base : bert_entry<slimfit::shapes::bert_base_uncased> {
  static constexpr char const* name = "bert-base";
};
struct bert_large : bert_entry<slimfit::shapes::bert_large_uncased> {
  static constexpr char const* name = "bert-large";
};
/// Those that the tool is compiled for, as CMake's SLIMFIT_PLAN_MODELS and SLIMFIT_STEP_MODELS say.
using all_models = type_list<SLIMFIT_MODELS>;

/// Freezing rate of a policy, in percent, where the user names none: its own.
template <class Policy>
inline constexpr double default_rate = static_cast<double>(100 - typename Policy::freezing{}.most_active(100));

/// A preset by name.
template <class Preset>
struct policy_entry {
  using type = Preset;
};
struct eager : policy_entry<slimfit::policy::eager> {
  static constexpr char const* name = "eager";
};
struct paper : policy_entry<slimfit::policy::paper> {
  static constexpr char const* name = "paper";
};
struct paper_published : policy_entry<slimfit::policy::paper_published> {
  static constexpr char const* name = "paper_published";
};
struct exact : policy_entry<slimfit::policy::exact> {
  static constexpr char const* name = "exact";
};
struct exact_half_recomputed : policy_entry<slimfit::policy::exact_half_recomputed> {
  static constexpr char const* name = "exact_half_recomputed";
};
struct exact_recomputed : policy_entry<slimfit::policy::exact_recomputed> {
  static constexpr char const* name = "exact_recomputed";
};
struct slim_8bit : policy_entry<slimfit::policy::slim_8bit> {
  static constexpr char const* name = "slim_8bit";
};
struct slim : policy_entry<slimfit::policy::slim> {
  static constexpr char const* name = "slim";
};
struct slim_3bit : policy_entry<slimfit::policy::slim_3bit> {
  static constexpr char const* name = "slim_3bit";
};
struct slim_2bit : policy_entry<slimfit::policy::slim_2bit> {
  static constexpr char const* name = "slim_2bit";
};
struct slim_recomputed : policy_entry<slimfit::policy::slim_recomputed> {
  static constexpr char const* name = "slim_recomputed";
};
struct slim_offloaded : policy_entry<slimfit::policy::slim_offloaded> {
  static constexpr char const* name = "slim_offloaded";
};
using all_policies = type_list<eager, paper, paper_published, exact, exact_half_recomputed, exact_recomputed, slim_8bit,
                               slim, slim_3bit, slim_2bit, slim_recomputed, slim_offloaded>;

/// Names of a list's types, in its order.
template <class... Types>
std::vector<std::string> names_of(type_list<Types...> /*types*/) {
  return {Types::name...};
}

/// Calls `f.template operator()<Type>()` for the type of that name and returns what it does.
/// @throws slimfit::value_error when the list has none
template <class Result, class First, class... Rest, class F>
Result with_name(type_list<First, Rest...> /*types*/, std::string_view name, F const& f) {
  if (name == First::name) { return f.template operator()<First>(); }
  if constexpr (sizeof...(Rest) > 0) {
    return with_name<Result>(type_list<Rest...>{}, name, f);
  } else {
    throw slimfit::value_error(slimfit::mismatch("name", std::string(name), "a known model or policy; see --help"));
  }
}

}  // namespace examples
