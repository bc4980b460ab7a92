// SPDX-License-Identifier: MIT
// How a line is planned; the files beside this one instantiate it, one per model.
#pragma once

#include <slimfit/backend/host.hpp>
#include <slimfit/plan/plan.hpp>

#include "../../support/moments.hpp"
#include "../plan_record.hpp"
#include "../plan_rows.hpp"
#include "../reference_memory.hpp"

namespace examples {

namespace detail {

/// Calls `fill(options)` with the options that plans for so many ranks are made by.
/// @tparam Optimizer options of one rank
template <class Optimizer, class Fill>
void with_ranks(int ranks, Optimizer const& options, Fill const& fill) {
  if (ranks > 1) {
    fill(slimfit::across_ranks<Optimizer>{options});
  } else {
    fill(options);
  }
}

template <class Model>
void fill_row(plan_row& row) {
  auto& request = row.request;
  index_t const active = Model::units - slimfit::freezing::run_time_rate(request.rate).frozen(Model::units, 0);
  with_ranks(request.ranks, adamw_with(request.moments), [&]<class Options>(Options const& options) {
    slimfit::memory_plan<Model, Options> const planned(request.batch, request.tokens, options);
    row.usage = planned.bound(active);
    row.static_bytes = planned.bound(0).stored;
  });
  row.dynamic_bytes = row.usage.stored - row.static_bytes;
  constexpr auto const& shape = Model::shape;
  constexpr bool is_bert = requires { Model::shape.vocabulary; };
  reference_shape const reference{.hidden = static_cast<double>(shape.hidden),
                                  .heads = static_cast<double>(shape.heads),
                                  .mlp = static_cast<double>(shape.mlp),
                                  .layers = static_cast<double>(shape.layers),
                                  .tokens = static_cast<double>(request.tokens),
                                  .is_bert = is_bert};
  row.eager_float32 = eager_float32(reference);
  row.amp_bfloat16 = amp_bfloat16(reference);
  row.paper_code = paper_code_float32(reference, static_cast<double>(active));
}

template <class Model>
void fill_record(plan_record& result) {
  auto const& request = result.request;
  index_t const count = Model::units - slimfit::freezing::run_time_rate(request.rate).frozen(Model::units, 0);
  with_ranks(request.ranks, slimfit::adamw{}, [&]<class Options>(Options const& options) {
    slimfit::memory_plan<Model, Options> const planned(request.batch, request.tokens, options);
    result.active = planned.costliest_units(count);
    result.usage = planned.with(result.active);
    planned.record(result.active, result.events);
  });
  typename Model::network_type network;
  network.visit(
      [&](auto const& each, std::string const& name) {
        if (each.kind == slimfit::parameter_kind::unit) { result.unit_names.push_back(name); }
      },
      std::string{});
}

/// Calls `fill.template operator()<Model>(result)` for the model that the request, whose defaults are filled in, means.
template <class Entry, class Result, class Fill>
Result with_planned_model(plan_request const& request, Fill const& fill) {
  return with_name<Result>(all_policies{}, request.policy, [&]<class Policy>() {
    Result result;
    result.request = request;
    if (result.request.tokens == 0) { result.request.tokens = Entry::tokens; }
    if (result.request.rate < 0) { result.request.rate = default_rate<typename Policy::type>; }
    if (request.scalar == "bf16") {
      fill.template operator()<typename Entry::template model<typename Policy::type, slimfit::host, slimfit::bf16>>(
          result);
    } else {
      fill.template operator()<typename Entry::template model<typename Policy::type, slimfit::host, float>>(result);
    }
    return result;
  });
}

}  // namespace detail

template <class Entry>
plan_row plan_model(plan_request const& request) {
  return detail::with_planned_model<Entry, plan_row>(request,
                                                     []<class Model>(plan_row& row) { detail::fill_row<Model>(row); });
}

template <class Entry>
plan_record record_plan(plan_request const& request) {
  return detail::with_planned_model<Entry, plan_record>(
      request, []<class Model>(plan_record& result) { detail::fill_record<Model>(result); });
}

}  // namespace examples
