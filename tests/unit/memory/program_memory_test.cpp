// SPDX-License-Identifier: MIT
// A backend takes all its memory from the program's allocator, gives all of it back, and takes its exceptions for no
// memory.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/module.hpp>

#include <memory_resource>

using namespace slimfit;

namespace {

/// Counts what it is asked for, and has at most `limit` bytes at a time.
class counting_memory final : public std::pmr::memory_resource {
 public:
  std::size_t held = 0;
  std::size_t most = 0;
  std::size_t limit = std::size_t{1} << 30;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (held + bytes > limit) { throw std::bad_alloc(); }
    held += bytes;
    most = std::max(most, held);
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    held -= bytes;
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
  }
  [[nodiscard]] bool do_is_equal(memory_resource const& other) const noexcept override { return this == &other; }
};

}  // namespace

TEST_CASE("a host backend works in the program's memory") {
  counting_memory own;
  {
    host device({.threads = 1, .memory = memory_of(own)});
    module<mlp<16, 32, policy::slim, float>, host> each(device);
    std::vector<float> values(64 * 16, 0.5F);
    each.forward(64, {.input = values.data()}, {.output = values.data()});
    each.backward({.output_gradient = values.data()}, {.input_gradient = values.data()});
    each.finish();
    CHECK(own.held > 0);
    CHECK(static_cast<index_t>(own.most) == device.memory().most_reserved());
    own.limit = own.held;
    CHECK_THROWS_AS(each.forward(1 << 16, {.input = nullptr}, {.output = nullptr}), memory_error);
  }
  CHECK(own.held == 0);
}
