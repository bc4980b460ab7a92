// SPDX-License-Identifier: MIT
#include "measure_steps.hpp"

template examples::step_measurement examples::measure_steps<examples::vit_l16>(step_request const&);
