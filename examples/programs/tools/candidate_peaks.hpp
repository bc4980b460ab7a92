// SPDX-License-Identifier: MIT
// What slimfit::fit's candidates take, planned when the program runs.
#pragma once

#include <cstddef>

#include "plan_rows.hpp"

namespace examples {

/// Most bytes at any moment of training the named model as candidate `number` of
/// slimfit::candidates_of<slimfit::measured_choices> says.
/// @param request its policy and rate are not looked at
/// @tparam Entry one of `all_models`
/// @throws slimfit::error for sizes that the model cannot have
template <class Entry>
index_t candidate_peak(plan_request const& request, std::size_t number);

extern template index_t candidate_peak<vit_s16>(plan_request const&, std::size_t);
extern template index_t candidate_peak<vit_b16>(plan_request const&, std::size_t);
extern template index_t candidate_peak<vit_b16_384>(plan_request const&, std::size_t);
extern template index_t candidate_peak<vit_l16>(plan_request const&, std::size_t);
extern template index_t candidate_peak<bert_base>(plan_request const&, std::size_t);
extern template index_t candidate_peak<bert_large>(plan_request const&, std::size_t);

}  // namespace examples
