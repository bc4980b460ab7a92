// SPDX-License-Identifier: MIT
#include "plan_model.hpp"

template examples::plan_row examples::plan_model<examples::bert_large>(plan_request const&);
