// SPDX-License-Identifier: MIT
// Tape and scratch in one block and in two memories.
#include <doctest/doctest.h>
#include <slimfit/memory/arena.hpp>

#include <array>

using namespace slimfit;

namespace {
struct alignas(64) bytes {
  std::array<std::byte, 512> data{};
  [[nodiscard]] std::span<std::byte> first(std::size_t count) { return std::span(data).first(count); }
  [[nodiscard]] bool holds(void const* address, index_t count) const {
    auto const* const begin = static_cast<std::byte const*>(address);
    return begin >= data.data() && begin + count <= data.data() + data.size();
  }
};
}  // namespace

TEST_CASE("arena: tape and scratch in two memories do not take from each other") {
  ledger book;
  bytes tape;
  bytes other;
  arena memory(book, tape.first(128), other.first(200));  // of which 192 are used
  CHECK(memory.capacity() == 128);
  auto const kept = memory.keep<float>(32, category::static_activations);
  CHECK(tape.holds(kept.data, 128));
  CHECK_THROWS_AS((void)memory.keep<float>(1, category::static_activations), memory_error);
  {
    scratch_buffer<float> const first(memory, 16);
    scratch_buffer<float> const second(memory, 32);
    CHECK(other.holds(first.data(), 64));
    CHECK(other.holds(second.data(), 128));
    CHECK(first.data() - second.data() == 32);
    CHECK_THROWS_AS(scratch_buffer<float>(memory, 1), memory_error);
    CHECK(book.now()[category::workspace] == 192);
  }
  memory.release(kept);
  CHECK(memory.tape_bytes() == 0);
  CHECK(memory.high_water() == 320);
  CHECK(memory.tape_high_water() == 128);
  CHECK(memory.scratch_high_water() == 192);
  CHECK(book.now() == byte_counts{});
}

TEST_CASE("arena: scratch memory may come later; without it scratch takes none") {
  ledger book;
  bytes tape;
  bytes other;
  arena memory(book, tape.first(64));
  CHECK_FALSE(memory.has_scratch());
  {
    scratch_buffer<double> const none(memory, 1000);
    CHECK(none.data() == nullptr);
    CHECK(book.now() == byte_counts{});
    CHECK_THROWS_AS(memory.give_scratch(other.first(64)), usage_error);  // in use
  }
  auto const kept = memory.keep<float>(16, category::static_activations);
  memory.give_scratch(other.first(64));
  CHECK(memory.has_scratch());
  CHECK_THROWS_AS(memory.give_scratch(other.first(64)), usage_error);
  scratch_buffer<float> const some(memory, 16);
  CHECK(other.holds(some.data(), 64));
  CHECK(book.now()[category::workspace] == 64);
  memory.release(kept);
}

TEST_CASE("arena: memory that is not aligned is refused") {
  ledger book;
  bytes memory;
  auto const odd = std::span(memory.data).subspan(8, 64);
  CHECK_THROWS_WITH_AS(arena(book, odd), "slimfit: arena: address of the tape's memory, modulo 64, is 8, expected 0",
                       value_error);
  CHECK_THROWS_AS(arena(book, memory.first(64), odd), value_error);
}

TEST_CASE("arena: of one block the two share the bytes") {
  ledger book;
  bytes memory;
  arena one(book, memory.data.data(), 192);
  auto const kept = one.keep<float>(16, category::static_activations);
  {
    scratch_buffer<float> const some(one, 32);
    CHECK(static_cast<void*>(some.data()) == memory.data.data() + 64);
    CHECK_THROWS_AS((void)one.keep<float>(1, category::static_activations), memory_error);
    CHECK_THROWS_AS(scratch_buffer<float>(one, 1), memory_error);
  }
  CHECK(one.scratch_high_water() == 128);
  CHECK(one.tape_high_water() == 64);
  one.release(kept);
}
