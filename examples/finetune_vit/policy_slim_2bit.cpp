// SPDX-License-Identifier: MIT
#include "policies.hpp"
#include "train_run.hpp"

namespace examples {

run_outcome train_slim_2bit(run_request const& request) { return train_with<slimfit::policy::slim_2bit>(request); }

}  // namespace examples
