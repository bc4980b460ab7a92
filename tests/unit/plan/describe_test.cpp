// SPDX-License-Identifier: MIT
// Plans and choices as text.
#include <doctest/doctest.h>

#include <sstream>

#include <slimfit/slimfit.hpp>

using namespace slimfit;

namespace {

constexpr vit_shape tiny{
    .image = 16, .patch = 8, .channels = 1, .hidden = 32, .heads = 2, .mlp = 64, .layers = 4, .classes = 3};
struct my_policy : policy::slim {};
template <class Policy>
using network = vit<tiny, Policy, host>;

/// The number that stands behind a line's first word.
index_t bytes_of(std::string const& text, std::string const& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    index_t bytes = -1;
    if (words >> first && first == name && words >> bytes) { return bytes; }
  }
  return -1;
}

}  // namespace

TEST_CASE("describe: a plan's table has the bound's bytes") {
  auto const planned = plan<network<my_policy>>(4);
  auto const bound = planned.bound();
  auto const text = describe(planned);
  for (int i = 0; i < category_count; ++i) {
    auto const which = static_cast<category>(i);
    CHECK(bytes_of(text, category_names[static_cast<std::size_t>(i)]) == bound.peak_by_category[which]);
  }
  CHECK(bytes_of(text, "stored") == bound.stored);
  CHECK(bytes_of(text, "temporary") == bound.temporary);
  CHECK(bytes_of(text, "peak") == planned.peak());
  CHECK(bytes_of(text, "offloaded") == -1);
  CHECK(text.find(std::to_string(network<my_policy>::layout.parameters) + " parameters, at most " +
                  std::to_string(planned.most_active()) + " of " + std::to_string(network<my_policy>::units) +
                  " units active") == 0);
  CHECK(text.find("my_policy") != std::string::npos);
  auto const offloaded = describe(plan<network<policy::slim_offloaded>>(4));
  CHECK(bytes_of(offloaded, "offloaded") == plan<network<policy::slim_offloaded>>(4).bound().offloaded);
}

TEST_CASE("describe: what a plan takes where all may be active") {
  auto const planned = plan<trainer<network<my_policy>, adamw, freezing::never>>(4);
  CHECK(planned.most_active() == network<my_policy>::units);
  CHECK(bytes_of(describe(planned), "peak") == planned.peak());
}

TEST_CASE("describe: a choice for a budget, in words, as C++ and in bytes") {
  using own = candidates<candidate<my_policy, 75, 420, 110>>;
  using chosen = fit<network, 1 * GiB, 4, own>;
  auto const text = chosen::describe();
  CHECK(text.find("my_policy") != std::string::npos);
  CHECK(text.find("75 % frozen") != std::string::npos);
  CHECK(text.find("of 1024.0 MiB") != std::string::npos);
  CHECK(bytes_of(text, "peak") == chosen::peak);

  auto const words = words_of(policy::changed<policy::exact, policy::coded_norms<4>, policy::coded_gelu<2>>{});
  CHECK(words.text == "norms 4 bits, GELU 2 bits");
  CHECK(words.code ==
        "slimfit::policy::changed<slimfit::policy::exact, slimfit::policy::coded_norms<4>, "
        "slimfit::policy::coded_gelu<2>>");
}
