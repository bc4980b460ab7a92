// SPDX-License-Identifier: MIT
#include "measure_steps.hpp"

template examples::step_measurement examples::measure_steps<examples::vit_b16_384>(step_request const&);
