// SPDX-License-Identifier: MIT
#include "plan_candidate.hpp"
#include "plan_model.hpp"

template examples::plan_row examples::plan_model<examples::vit_b16_384>(plan_request const&);
template examples::plan_record examples::record_plan<examples::vit_b16_384>(plan_request const&);
template examples::index_t examples::candidate_peak<examples::vit_b16_384>(plan_request const&, std::size_t);
