// SPDX-License-Identifier: MIT
#include "schedules.hpp"

namespace examples {

std::map<std::string, named_schedule> const& schedules() {
  namespace freezing = slimfit::freezing;
  auto const of = []<class Criterion, class... Options>(Criterion, Options...) -> make_schedule {
    return [](freezing::run_time_rate rate) {
      return freezing::any_schedule(freezing::inter_layer<Criterion, freezing::run_time_rate, Options...>(rate));
    };
  };
  static std::map<std::string, named_schedule> const known{
      {"relative-update", {"the paper's: least relative updates freeze", of(freezing::relative_update{})}},
      {"relative-update-10",
       {"the same, each choice for 10 steps", of(freezing::relative_update{}, freezing::hold<10>{})}},
      {"relative-update-50",
       {"the same, each choice for 50 steps", of(freezing::relative_update{}, freezing::hold<50>{})}},
      {"ageing",
       {"the same, but none stays frozen for more than 8 choices",
        of(freezing::relative_update{}, freezing::at_most_stale<8>{})}},
      {"late",
       {"the same, with priorities growing to 4 times towards the last layer",
        of(freezing::weighted_by_depth<freezing::relative_update, 4>{})}},
      {"round-robin", {"all in turn", of(freezing::round_robin{})}},
      {"round-robin-10", {"all in turn, each for 10 steps", of(freezing::round_robin{}, freezing::hold<10>{})}},
      {"round-robin-50", {"all in turn, each for 50 steps", of(freezing::round_robin{}, freezing::hold<50>{})}},
      {"random", {"drawn anew in every step", of(freezing::random{})}},
      {"gradient-norm", {"smallest gradients freeze", of(freezing::gradient_norm{})}}};
  return known;
}

}  // namespace examples
