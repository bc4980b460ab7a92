// SPDX-License-Identifier: MIT
// Data and memory for tests.
#pragma once

#include <cmath>
#include <random>
#include <utility>

#include <slimfit/memory/arena.hpp>

#include "device_vector.hpp"

namespace slimfit::test {

/// Elements of a vector of `count`.
constexpr std::size_t length(index_t count) { return static_cast<std::size_t>(count); }

/// `count` numbers from N(mean, deviation^2).
template <class T>
vector<T> normal(index_t count, unsigned seed, double mean = 0, double deviation = 1) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> draw(mean, deviation);
  vector<T> values(length(count));
  for (auto& value : values) { value = static_cast<T>(draw(engine)); }
  return values;
}

/// ||a - b|| / ||b||
double relative_error(auto const& a, auto const& b) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    double const d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / norm);
}

/// An arena with memory.
class tape {
 public:
  explicit tape(index_t bytes = 16 * MiB) : block_(length(bytes + 64)), memory_(book_, aligned(block_.first), bytes) {}
  arena& memory() { return memory_; }
  ledger& book() { return book_; }

 private:
  /// Bytes that nobody writes first: most tests need few of their pages.
  struct block : private vector<std::byte>::allocator_type {
    explicit block(std::size_t count) : size(count), first(this->allocate(count)) {}
    ~block() { this->deallocate(first, size); }
    block(block const&) = delete;
    block& operator=(block const&) = delete;
    std::size_t size;
    std::byte* first;
  };
  static std::byte* aligned(std::byte* block) {
    auto const address = reinterpret_cast<std::uintptr_t>(block);
    return block + (64 - address % 64) % 64;
  }
  ledger book_;
  block block_;
  arena memory_;
};

/// Calls `f.template operator()<Width>()` for each width.
template <int... Widths, class F>
void for_widths(F const& f) {
  (f.template operator()<Widths>(), ...);
}

}  // namespace slimfit::test
