// SPDX-License-Identifier: MIT
// How to benchmark what is your own: include one header, register each thing in one line. Google Benchmark's options
// choose what runs, e.g. --benchmark_filter=ternary.
#include <cmath>

#include <slimfit/benchmark.hpp>

namespace sf = slimfit;
namespace benchmarks = slimfit::benchmarks;

namespace {

/// A format of one's own: the sign of what is far from zero, in 2 bits.
struct ternary : sf::format::elementwise<ternary, 2> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T value) {
    return static_cast<std::uint8_t>(value > T{0.6F} ? 1 : value < T{-0.6F} ? 2 : 0);
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    return code == 1 ? T{1.2F} : code == 2 ? T{-1.2F} : T{};
  }
};

/// A kernel of one's own: each row divided by its length.
template <int Width>
struct unit_length {
  static constexpr int width = Width;
  using scalar_type = float;

  float const* input;
  float* output;

  template <sf::lane_group Group>
  SLIMFIT_HD void operator()(Group group, sf::index_t row) const {
    auto const x = sf::load<Width>(group, input + row * Width);
    float const squares = sum(
        group, [](float a) { return a * a; }, x);
    store(group, output + row * Width, map([&](float a) { return a / sqrtf(squares); }, x));
  }
};

struct my_policy : sf::policy::slim {
  using norm = sf::stash::layer_norm_normalized<sf::stash::quantized<ternary>>;
};
using my_linear = sf::linear<768, 3072, sf::stash::quantized<sf::format::affine<8>>, float>;

}  // namespace

int main(int argc, char** argv) {
  benchmarks::format<ternary>("ternary");
  benchmarks::stash<my_policy::norm>("ternary rows");
  benchmarks::kernel("unit_length", [](auto& memory) {
    auto const* const input = memory.template read<float>(memory.rows() * 768);
    auto* const output = memory.template write<float>(memory.rows() * 768);
    return benchmarks::row_task{unit_length<768>{input, output}, memory.rows()};
  });
  benchmarks::layer<my_linear>("linear, input in 8 bits");
  benchmarks::step<sf::vit<sf::shapes::vit_small_16, my_policy, sf::host>>("ViT-S/16, my policy");
  return benchmarks::run(argc, argv);
}
