// SPDX-License-Identifier: MIT
// How a line is planned; the files beside this one instantiate it, one per model.
#pragma once

#include <slimfit/backend/host.hpp>
#include <slimfit/train/plan.hpp>

#include "../plan_rows.hpp"
#include "../reference_memory.hpp"

namespace examples {

namespace detail {

template <class Model>
void fill_row(plan_row& row) {
  auto& request = row.request;
  auto const planned = slimfit::plan<Model>(request.batch, request.tokens);
  index_t const active = Model::units - slimfit::freezing::run_time_rate(request.rate).frozen(Model::units, 0);
  row.usage = planned.bound(active);
  row.static_bytes = planned.bound(0).stored;
  row.dynamic_bytes = row.usage.stored - row.static_bytes;
  auto const& shape = Model::shape;
  reference_shape const reference{.hidden = static_cast<double>(shape.hidden),
                                  .heads = static_cast<double>(shape.heads),
                                  .mlp = static_cast<double>(shape.mlp),
                                  .layers = static_cast<double>(shape.layers),
                                  .tokens = static_cast<double>(request.tokens),
                                  .is_bert = requires {shape.vocabulary;
}
};  // namespace detail
row.eager_float32 = eager_float32(reference);
row.amp_bfloat16 = amp_bfloat16(reference);
row.paper_code = paper_code_float32(reference, static_cast<double>(active));
}  // namespace examples

}  // namespace detail

template <class Entry>
plan_row plan_model(plan_request const& request) {
  return with_name<plan_row>(all_policies{}, request.policy, [&]<class Policy>() {
    plan_row row;
    row.request = request;
    if (row.request.tokens == 0) { row.request.tokens = Entry::tokens; }
    if (row.request.rate < 0) { row.request.rate = Policy::default_rate; }
    if (request.scalar == "bf16") {
      detail::fill_row<typename Entry::template model<typename Policy::type, slimfit::host, slimfit::bf16>>(row);
    } else {
      detail::fill_row<typename Entry::template model<typename Policy::type, slimfit::host, float>>(row);
    }
    return row;
  });
}

}  // namespace examples
