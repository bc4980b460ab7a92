// SPDX-License-Identifier: MIT
// A vision transformer trained on CUDA beside the same one on the host, under each preset: the same losses, the same
// units, memory as planned, the same bits from run to run.
#include <slimfit/slimfit.hpp>

#include "support/small_vit.hpp"
#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

/// A plan as the device's compiler evaluates it: another one than that of the host's code.
template <class Model>
inline constexpr memory_usage planned = plan<Model>(batch).bound();
template <class Model>
__global__ void write_plan(index_t* bytes) {
  bytes[0] = planned<Model>.total;
  bytes[1] = planned<Model>.stored;
  bytes[2] = planned<Model>.temporary;
}

}  // namespace

TEST_CASE_TEMPLATE("a plan is the same constant on the device", Policy, policy::eager, policy::paper, policy::exact,
                   policy::slim, policy::slim_recomputed) {
  using model_type = small_vit<Policy, cuda>;
  cuda device;
  buffer<index_t, cuda_resource> const bytes(device.memory(), 3, category::data);
  write_plan<model_type><<<1, 1, 0, device.stream()>>>(bytes.data());
  std::vector<index_t> found(3);
  device.copy(bytes.data(), found.data(), 3);
  index_t const volatile hidden = batch;  // evaluated while this runs
  auto const expected = memory_plan<model_type>(hidden).bound();
  CHECK(found == std::vector<index_t>{expected.total, expected.stored, expected.temporary});
}

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
