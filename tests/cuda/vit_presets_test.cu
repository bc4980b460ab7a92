// SPDX-License-Identifier: MIT
// A vision transformer trained on CUDA beside the same one on the host, under each preset: the same losses, the same
// units, memory as planned, the same bits from run to run.
#include <slimfit/slimfit.hpp>

#include "support/small_vit.hpp"
#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

TEST_CASE_TEMPLATE("training on CUDA follows the host", Policy, policy::eager, policy::paper, policy::paper_published,
                   policy::exact, policy::slim_8bit, policy::slim, policy::slim_3bit, policy::slim_2bit,
                   policy::slim_recomputed, policy::slim_offloaded) {
  auto const expected = train<small_vit<Policy, host>>(images<float>(), labels, 50);
  auto const actual = train<small_vit<Policy, cuda>>(images<float>(), labels, 50);
  // Sums in another order: rounding of float, and of codes near the middle between two, through 50 updates.
  check_follows(actual, expected, 1e-3);
  CHECK(train<small_vit<Policy, cuda>>(images<float>(), labels, 5).last_weights ==
        train<small_vit<Policy, cuda>>(images<float>(), labels, 5).last_weights);
}
