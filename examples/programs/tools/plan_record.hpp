// SPDX-License-Identifier: MIT
// A planned step in full: who holds what, what is kept for the backward pass and why.
#pragma once

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/memory/record.hpp>
#include <slimfit/memory/usage.hpp>

#include "plan_rows.hpp"

namespace examples {

/// A step in which those units are active that store most, as many as the rate lets.
struct plan_record {
  plan_request request;  ///< with defaults filled in
  slimfit::active_set active;
  std::vector<std::string> unit_names;
  slimfit::memory_usage usage;
  slimfit::memory_record events;
};

/// Plans a step of the named model. @tparam Entry one of `all_models`
/// @throws slimfit::error for sizes that the model cannot have
template <class Entry>
plan_record record_plan(plan_request const& request);

extern template plan_record record_plan<vit_s16>(plan_request const&);
extern template plan_record record_plan<vit_b16>(plan_request const&);
extern template plan_record record_plan<vit_b16_384>(plan_request const&);
extern template plan_record record_plan<vit_l16>(plan_request const&);
extern template plan_record record_plan<bert_base>(plan_request const&);
extern template plan_record record_plan<bert_large>(plan_request const&);

}  // namespace examples
