// SPDX-License-Identifier: MIT
// The policies of the example. Each is compiled in a file of its own, so that they compile side by side.
#pragma once

#include "runs.hpp"

namespace examples {

run_outcome train_eager(run_request const& request);
run_outcome train_paper(run_request const& request);
run_outcome train_exact(run_request const& request);
run_outcome train_slim(run_request const& request);
run_outcome train_slim_3bit(run_request const& request);
run_outcome train_slim_2bit(run_request const& request);

}  // namespace examples
