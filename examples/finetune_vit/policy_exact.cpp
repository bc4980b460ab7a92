// SPDX-License-Identifier: MIT
#include "policies.hpp"
#include "train_run.hpp"

namespace examples {

run_outcome train_exact(run_request const& request) { return train_with<slimfit::policy::exact>(request); }

}  // namespace examples
