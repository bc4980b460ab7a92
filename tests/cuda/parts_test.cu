// SPDX-License-Identifier: MIT
// Parts of a batch on CUDA that are as large as memory allows: the plan knows them, and steps are the same bits from
// run to run, recorded or not, whatever was in the arena before.
#include <slimfit/slimfit.hpp>

#include "support/small_vit.hpp"
#include "support/training.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

/// A device that few rows keep busy.
struct small_cuda : cuda {
  using cuda::cuda;
  static constexpr index_t busy_rows = 20;
};
template <class Preset>
struct in_parts : Preset {
  using chunk = slimfit::chunk::tokens<8>;
};

}  // namespace

namespace slimfit::kernels {
template <int Heads, int HeadSize, class T>
struct attention_engine<small_cuda, Heads, HeadSize, T> : attention_engine<cuda, Heads, HeadSize, T> {};
}  // namespace slimfit::kernels

namespace {

template <class Policy>
std::vector<double> losses(bool record, bool after_others) {
  using model_type = small_vit<in_parts<Policy>, small_cuda>;
  using held = freezing::inter_layer<freezing::relative_update, percent<75>, freezing::hold<3>>;
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  std::vector<double> result;
  {
    small_cuda device({.stream = stream});
    model_type net(device, 3);
    trainer<model_type, adamw, held> run(net, {.learning_rate = 1e-3}, {.seed = 5, .record_steps = record});
    if (after_others) { static_cast<void>(run.evaluate(images<float>(), labels, batch)); }
    for (int step = 0; step < 7; ++step) {
      auto const report = run.step(images<float>(), labels);
      REQUIRE(report.measured == report.planned);
      result.push_back(report.loss);
    }
  }
  check(cudaStreamDestroy(stream), "stream");
  return result;
}

/// As the device's compiler evaluates it.
using planned_model = small_vit<in_parts<policy::slim>, small_cuda>;
inline constexpr memory_usage planned = plan<planned_model>(batch).with(active_set::all(planned_model::units));
__global__ void write_plan(index_t* bytes) {
  bytes[0] = planned.total;
  bytes[1] = planned.temporary;
}

}  // namespace

TEST_CASE_TEMPLATE("parts: the same bits, recorded or not, whatever was in the arena before", Policy, policy::exact,
                   policy::slim) {
  auto const expected = losses<Policy>(false, false);
  CHECK(losses<Policy>(false, false) == expected);
  CHECK(losses<Policy>(false, true) == expected);
  CHECK(losses<Policy>(true, false) == expected);
  CHECK(expected.back() < expected.front());
}

TEST_CASE("parts: their plan is the same constant on the device") {
  cuda device;
  buffer<index_t, cuda_resource> const bytes(device.memory(), 2, category::data);
  write_plan<<<1, 1, 0, device.stream()>>>(bytes.data());
  std::vector<index_t> found(2);
  device.copy(bytes.data(), found.data(), 2);
  index_t const volatile hidden = batch;  // evaluated while this runs
  auto const expected = memory_plan<planned_model>(hidden).with(active_set::all(planned_model::units));
  CHECK(found == std::vector<index_t>{expected.total, expected.temporary});
}
