// SPDX-License-Identifier: MIT
#include "measure_steps.hpp"

template examples::step_measurement examples::measure_steps<examples::bert_large>(step_request const&);
