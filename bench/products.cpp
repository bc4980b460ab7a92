// SPDX-License-Identifier: MIT
// GFLOP/s of the host's matrix products on one thread, in shapes of training, by the library that the program runs
// with; and whether cutting the rows in two leaves the bits as they are. Seconds are the thread's own, not those of the
// clock.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <slimfit/backend/host.hpp>
#include <vector>

namespace sf = slimfit;

namespace {

struct shape {
  char const* name;
  sf::index_t rows, columns, inner;
  bool left_transposed, right_transposed;
};
constexpr shape shapes[] = {{"ViT-B, forward, 768 to 768", 800, 768, 768, false, true},
                            {"ViT-B, forward, 3072 to 768", 800, 768, 3072, false, true},
                            {"ViT-B, gradient of inputs", 800, 768, 768, false, false},
                            {"ViT-B, gradient of weights", 768, 768, 6304, true, false},
                            {"ViT-B, scores of a head", 197, 197, 64, false, true},
                            {"quickstart, 48 to 48", 1568, 48, 48, false, true},
                            {"quickstart, 48 to 192", 1568, 192, 48, false, true},
                            {"a block of bf16", 128, 128, 256, false, true}};

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::vector<float> numbers(sf::index_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) { values[i] = static_cast<float>(i * 7919 % 1013) / 1013.0F - 0.5F; }
  return values;
}

void measure(shape const& each) {
  auto const left = numbers(each.rows * each.inner);
  auto const right = numbers(each.inner * each.columns);
  std::vector<float> result(static_cast<std::size_t>(each.rows * each.columns));
  auto const multiply = [&](sf::index_t first, sf::index_t rows, std::vector<float>& target) {
    sf::index_t const left_stride = each.left_transposed ? each.rows : each.inner;
    sf::host::multiply_serial<float, float, float>(
        rows, each.columns, each.inner, 1.0F,
        {left.data() + (each.left_transposed ? first : first * left_stride), left_stride, each.left_transposed},
        {right.data(), each.right_transposed ? each.inner : each.columns, each.right_transposed},
        target.data() + first * each.columns, each.columns, sf::update_mode::overwrite);
  };
  double const operations = 2.0 * static_cast<double>(each.rows * each.columns * each.inner);
  int const calls = std::max(1, static_cast<int>(3e8 / operations));
  double best = 1e9;
  for (int repetition = 0; repetition < 8; ++repetition) {
    double const start = thread_seconds();
    for (int i = 0; i < calls; ++i) { multiply(0, each.rows, result); }
    best = std::min(best, (thread_seconds() - start) / calls);
  }
  auto halves = result;
  sf::index_t const half = each.rows / 2;
  multiply(0, half, halves);
  multiply(half, each.rows - half, halves);
  std::printf("| %s | %.0f | %s |\n", each.name, 1e-9 * operations / best, halves == result ? "yes" : "no");
}

}  // namespace

int main() {
  std::printf("%s\n\n| product | GFLOP/s | same bits in two halves |\n| --- | ---: | --- |\n",
              name_of(sf::host::products()).c_str());
  for (auto const& each : shapes) { measure(each); }
}
