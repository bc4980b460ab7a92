// SPDX-License-Identifier: MIT
// A freezing criterion of one's own: one static function that gives each unit a priority. This one prefers units with
// large gradients, and among those the ones nearer to the output.
#include "extending/train.hpp"

namespace {

struct late_large_gradients {
  static constexpr double priority(slimfit::freezing::choice_context const& context, slimfit::index_t unit) {
    auto const& record = context[unit];
    // As long as nothing was measured the unit comes before all others, so that each is active once.
    if (!record.measured) { return slimfit::freezing::start_priority(context, unit); }
    auto const depth = static_cast<double>(unit + 1) / static_cast<double>(context.units());
    return depth * record.last.gradient_norm;
  }
};

struct my_policy : slimfit::policy::slim {
  using freezing = slimfit::freezing::inter_layer<late_large_gradients, slimfit::percent<75>>;
};

}  // namespace

int main() { return extending::train<slimfit::vit<extending::shape, my_policy, slimfit::host>>("own criterion"); }
