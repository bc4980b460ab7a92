// SPDX-License-Identifier: MIT
// Memory of the device, or pinned memory, runs out in a step: as in tests/unit/out_of_memory_test.cpp.
#include <slimfit/slimfit.hpp>

#include "support/failing_allocations.hpp"
#include "support/fixture.hpp"

#include <memory>

using namespace slimfit;
using namespace slimfit::testing;

// Not without a name: nvcc warns of what only the question whether it is a backend declares.
namespace slimfit::testing {

template <class T>
struct failing_readback : cuda_readback<T> {
  void reserve(index_t count) {
    if (failing_allocation::fails()) { throw std::bad_alloc(); }
    cuda_readback<T>::reserve(count);
  }
};

/// Code of kernels takes memory too: every seventh may not be loaded.
class failing_cuda : public cuda {
 public:
  using resource_type = accounted_resource<failing_upstream<cuda_upstream>>;
  template <class T>
  using readback = failing_readback<T>;
  explicit failing_cuda(cuda_options options = {})
      : cuda(options), resource_(options.budget, {cuda_upstream{options.stream}}), store_(options.stream) {
    resource_.book().add(category::workspace, workspace_bytes);  // the base holds it
  }
  [[nodiscard]] resource_type& memory() { return resource_; }
  [[nodiscard]] failing_store<cuda_offload_store>& offload() { return store_; }

  template <class Enqueue>
  void rehearse(Enqueue const& enqueue) {
    store_.rehearse(true);
    try {
      cuda::rehearse(enqueue);
    } catch (...) {
      store_.rehearse(false);
      throw;
    }
    store_.rehearse(false);
  }
  template <class Kernel>
  void launch(index_t rows, Kernel const& kernel) const {
    if (launcher().loads != nullptr && ++loaded_ % 7 == 0 && failing_allocation::fails()) {
      throw memory_error("no memory for the code of a kernel");
    }
    cuda::launch(rows, kernel);
  }

 private:
  resource_type resource_;
  failing_store<cuda_offload_store> store_;
  mutable int loaded_ = 0;
};

}  // namespace slimfit::testing

namespace {

constexpr vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 32, .heads = 2, .mlp = 32, .layers = 3, .classes = 3};
constexpr std::size_t pixels = 64;
using half_frozen = freezing::inter_layer<freezing::random, percent<50>>;
using model_type = vit<shape, policy::slim_offloaded, failing_cuda, float>;

auto const images = test::normal<float>(4 * pixels, 3);
std::vector<std::int32_t> const labels{0, 2, 1, 1};

}  // namespace

template <int Heads, int HeadSize, class T>
struct slimfit::kernels::attention_engine<failing_cuda, Heads, HeadSize, T>
    : slimfit::kernels::attention_engine<cuda, Heads, HeadSize, T> {};

TEST_CASE("out of memory on CUDA: stashes offloaded, moments dropped, a batch in parts, recorded or not") {
  using options = basic_adamw<drop_when_frozen>;
  using trainer_type = trainer<model_type, options, half_frozen>;
  struct small_run {
    explicit small_run(trainer_options const& settings)
        : device({.stream = settings.record_steps ? stream() : nullptr}), net(device, 3), run(net, {}, settings) {}
    static cudaStream_t stream() {
      static cudaStream_t const made = [] {
        cudaStream_t result = nullptr;
        check(cudaStreamCreate(&result), "stream of a test");
        return result;
      }();
      return made;
    }
    failing_cuda device;
    model_type net;
    trainer_type run;
  };
  auto const step = [](std::size_t first, std::size_t count) {
    return [=](trainer_type& run) {
      auto const report =
          run.step(std::span(images).subspan(pixels * first, pixels * count), std::span(labels).subspan(first, count));
      CHECK(report.measured == report.planned);
    };
  };
  auto const part = [](std::size_t first, std::size_t count) {
    return [=](trainer_type& run) {
      run.accumulate(std::span(images).subspan(pixels * first, pixels * count),
                     std::span(labels).subspan(first, count));
    };
  };
  std::vector<std::function<void(trainer_type&)>> actions{step(0, 2), step(1, 3)};
  for (bool const record : {true, false}) {
    if (!record) {
      actions = {step(0, 2), part(0, 1), part(1, 3), [](trainer_type& run) { (void)run.step(); }};
    }
    auto const make = [&] { return std::make_unique<small_run>(trainer_options{.seed = 5, .record_steps = record}); };
    CHECK(fail_everywhere(make, actions, true) > 20);
  }
}
