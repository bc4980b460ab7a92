// SPDX-License-Identifier: MIT
#include "policies.hpp"
#include "train_run.hpp"

namespace examples {

run_outcome train_paper(run_request const& request) { return train_with<slimfit::policy::paper>(request); }

}  // namespace examples
