// SPDX-License-Identifier: MIT
// Gradients of all kinds of sizes are summed over ranks and come in the order in which they were given, each once.
#include "common.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

/// What rank `rank` adds for element `i` of gradient `number`: sums of few of them have no rounding in any type.
double value_of(int rank, index_t number, index_t i) { return static_cast<double>((i + number) % 7 + rank); }

template <class T, class Order>
void check_exchange(std::initializer_list<index_t> counts) {
  using exchange_type = gradient_exchange<host, T, mpi<Order>>;
  host device{{.threads = 1}};
  mpi<Order> ranks({.time_limit = 60});
  index_t const largest = std::max(counts);
  exchange_type exchange(device, ranks, static_cast<index_t>(counts.size()), largest);
  byte_counts held;
  exchange.add_to(held);
  CHECK(held[category::gradients] == exchange_sizes<T, Order>::bytes(largest));
  for (int round = 0; round < 2; ++round) {
    std::vector<index_t> arrived;
    int position = 0;
    index_t wrong = 0;
    auto const check_part = [&](parameter<T> const& target, T const* values, gradient_part const& part, T*) {
      if (part.first == 0) { arrived.push_back(target.position); }
      for (index_t i = 0; i < part.count; ++i) {
        double expected = 0;
        for (int rank = 0; rank < ranks.size(); ++rank) {
          expected += value_of(rank, target.position, part.first + i) / 2;
        }
        wrong += static_cast<double>(static_cast<float>(values[i])) != expected ? 1 : 0;
      }
    };
    exchange.set_share(0.5);
    for (index_t const count : counts) {
      std::vector<T> gradient;
      for (index_t i = 0; i < count; ++i) {
        gradient.push_back(static_cast<T>(static_cast<float>(value_of(ranks.rank(), position, i))));
      }
      exchange.add({.shape = {count}, .rank = 1, .position = position}, gradient.data(), {0, count}, check_part);
      ++position;
    }
    exchange.flush(check_part);
    CHECK(wrong == 0);
    std::vector<index_t> expected(counts.size());
    for (std::size_t i = 0; i < expected.size(); ++i) { expected[i] = static_cast<index_t>(i); }
    std::sort(arrived.begin(), arrived.end());
    CHECK(arrived == expected);
  }
}

}  // namespace

TEST_CASE("gradients of all sizes are summed over ranks") {
  std::initializer_list<index_t> const all{5,    70000, 300, 2500000, 16, 16000, 16001, 40000, 40000, 40000,
                                           4096, 1,     7,   200000,  9,  5000,  5000,  5000,  900000};
  check_exchange<double, summation::library>(all);
  check_exchange<float, summation::library>({5, 70000, 300, 5000000, 16, 4200000, 3});
  check_exchange<bf16, summation::library>(all);
  if (4 % all_ranks<>().size() == 0) { check_exchange<float, summation::fixed_tree<4>>(all); }
}
