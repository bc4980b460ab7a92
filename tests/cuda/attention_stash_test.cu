// SPDX-License-Identifier: MIT
// Attention on CUDA for every form in which operands and probabilities are kept.
#include <slimfit/backend/host.hpp>
#include <slimfit/format.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/policy/attention.hpp>

#include "support/attention_run.cuh"

using namespace slimfit;

namespace {

/// What the backward pass reads, as the reference needs it.
template <class Stash, int Width, class T>
auto restored(test::attention_data<T> const& data) {
  cuda device;
  return test::kept_operands<Stash, T, Width>(device, data.operands).restored;
}

template <int Heads, int Size, class Operands, class T>
void compare_rebuilt(index_t tokens) {
  CAPTURE(tokens);
  auto const data = test::random_attention<Heads, Size, T>(2, tokens);
  auto const truth = test::expected_attention<Heads, Size>(data, restored<Operands, Heads * Size>(data));
  auto const actual = test::run_attention<Heads, Size, stash::probabilities_recomputed, Operands>(data);
  // Probabilities of coded operands need not add up to 1: with one key its score's gradient is p (1 - p) dP, a small
  // difference.
  test::check_close(actual, truth, test::attention_tolerance<T> * (tokens == 1 ? 3 : 1));
}

/// @param coded what is restored of a probability
template <class Probabilities, class Operands, class T>
void compare_stored(index_t tokens, std::function<double(double)> const& coded) {
  CAPTURE(tokens);
  auto const data = test::random_attention<2, 64, T>(1, tokens);
  auto const truth = test::expected_attention<2, 64>(data, restored<Operands, 128>(data), coded);
  auto const actual = test::run_attention<2, 64, Probabilities, Operands>(data);
  // A probability that lies on the border between two codes may get either: two in a thousand, one step of 1/256 each.
  test::check_close(actual, truth, test::attention_tolerance<T> * (sizeof(T) == 4 ? 300 : 1));
}

/// The forward pass that saves its operands: their codes are those of a pass of its own, the rest is as without.
template <int Heads, int Size, class Stash>
void compare_saved(test::attention_data<bf16> const& data) {
  using engine = kernels::attention_engine<cuda, Heads, Size, bf16>;
  using kept_type = stash::probabilities_recomputed::kept<bf16>;
  using kept_operands = test::kept_operands<Stash, bf16, Heads * Size>;
  CAPTURE(Size);
  CAPTURE(data.tokens);
  static_assert(engine::template saves_operands<typename kept_operands::view_type, kept_type>);
  cuda device;
  test::device_array<std::int32_t> const lengths(device, data.lengths), starts(device, data.starts);
  auto const batch = data.batch(lengths.data(), starts.data());
  test::device_array<bf16> const q(device, data.operands[0]), k(device, data.operands[1]), v(device, data.operands[2]);
  std::array<bf16*, 3> const operands{q.data(), k.data(), v.data()};
  std::vector<bf16> const unset(data.output_gradient.size(), bf16{7.0F});
  test::device_array<bf16> const output(device, unset), output_too(device, unset);
  std::vector<float> const no_sums(test::length(batch.rows() * Heads), 7.0F);
  test::device_array<float> const sums(device, no_sums), sums_too(device, no_sums);

  kept_type kept;
  kept_type kept_too;
  kept.log_sums.data = sums.data();
  kept_too.log_sums.data = sums_too.data();
  kept_operands const expected(device, {unset, unset, unset});
  kept_operands const saved(device, {unset, unset, unset});
  for (std::size_t i = 0; i < 3; ++i) {
    device.launch(batch.rows(), kernels::save_rows<Heads * Size, bf16, typename kept_operands::view_type>{
                                    operands[i], expected.views[i]});
  }
  engine::forward(device, operands, kept, batch, output.data(), static_cast<bf16*>(nullptr));
  CHECK(engine::forward_and_save(device, operands, kept_too, batch, output_too.data(), saved.views));
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(saved.codes[i].read() == expected.codes[i].read());
    CHECK(test::widened(saved.scales[i].read()) == test::widened(expected.scales[i].read()));
  }
  CHECK(test::widened(output_too.read()) == test::widened(output.read()));
  CHECK(sums_too.read() == sums.read());
}

template <int Bits, int Size>
using coded_heads = typename stash::quantized_heads<Bits>::template for_head<Size>;

}  // namespace

TEST_CASE_TEMPLATE("attention on CUDA: decodes operands in the kernels", T, float, bf16) {
  for (index_t tokens : {1, 5, 65}) {
    compare_rebuilt<2, 64, coded_heads<8, 64>, T>(tokens);
    compare_rebuilt<2, 64, stash::quantized<format::fixed_point<3, 4>>, T>(tokens);
  }
  compare_rebuilt<1, 32, coded_heads<8, 32>, T>(260);  // longer than what a block owns in bf16
  compare_rebuilt<2, 80, coded_heads<8, 80>, T>(17);
  compare_rebuilt<4, 8, coded_heads<8, 8>, T>(17);
  compare_rebuilt<2, 32, stash::quantized<format::affine<4, 16>>, T>(17);
  compare_rebuilt<2, 32, stash::quantized<format::symmetric<3, 32>>, T>(17);
}

TEST_CASE("attention on CUDA: the forward pass saves its operands") {
  for (index_t tokens : {1, 33, 65, 197}) {
    compare_saved<2, 64, coded_heads<8, 64>>(test::random_attention<2, 64, bf16>(2, tokens));
  }
  compare_saved<2, 80, coded_heads<8, 80>>(test::random_attention<2, 80, bf16>(2, 17));
  compare_saved<4, 8, coded_heads<4, 8>>(test::random_attention<4, 8, bf16>(1, 17));
  compare_saved<1, 128, stash::quantized<format::affine<4, 32>>>(test::random_attention<1, 128, bf16>(1, 40));
  compare_saved<2, 32, stash::quantized<format::symmetric<3, 32>>>(test::random_attention<2, 32, bf16>(1, 20));
  auto padded = test::random_attention<2, 64, bf16>(4, 70);
  padded.lengths = {70, 64, 3, 0};
  compare_saved<2, 64, coded_heads<8, 64>>(padded);
  compare_saved<2, 64, coded_heads<8, 64>>(test::random_attention<2, 64, bf16>(4, 70, {0, 1, 71, 104, 168}));
}

TEST_CASE("attention on CUDA: of long sequences the forward pass saves nothing") {
  using engine = kernels::attention_engine<cuda, 1, 64, bf16>;
  using view = typename coded_heads<8, 64>::template kept<bf16, 64>;
  cuda device;
  CHECK_FALSE(engine::forward_and_save(device, std::array<bf16*, 3>{}, stash::probabilities_recomputed::kept<bf16>{},
                                       {1, 300}, static_cast<bf16*>(nullptr), std::array<view, 3>{}));
}

TEST_CASE_TEMPLATE("attention on CUDA: keeps probabilities, dense and in the paper's codes", T, float, bf16) {
  using codes = format::unsigned_fixed_point<8>;
  for (index_t tokens : {1, 5, 65}) {
    compare_stored<stash::probabilities_dense, stash::dense, T>(tokens, [](double p) { return p; });
    compare_stored<stash::probabilities_quantized<codes>, stash::quantized<format::fixed_point<3, 4>>, T>(
        tokens, [](double p) { return codes::decode_value<double>(codes::encode_value(p)); });
  }
}

TEST_CASE("attention on CUDA: what it keeps and computes equals the host's") {
  constexpr index_t tokens = 65;
  using codes = format::unsigned_fixed_point<8>;
  using host_engine = kernels::attention_engine<host, 2, 64, float>;
  auto data = test::random_attention<2, 64, float>(2, tokens);
  auto const on_host = [&](auto const& kept) {
    host device({.threads = 1});
    std::vector<float> scratch(test::length(host_engine::backward_scratch({2, tokens})));
    std::vector<float> output(data.output_gradient.size());
    std::array<std::vector<float>, 3> gradients{output, output, output};
    host_engine::forward(device, {data.operands[0].data(), data.operands[1].data(), data.operands[2].data()}, kept,
                         {2, tokens}, output.data(), scratch.data());
    host_engine::backward(device, {data.operands[0].data(), data.operands[1].data(), data.operands[2].data()}, kept,
                          data.output_gradient.data(), {gradients[0].data(), gradients[1].data(), gradients[2].data()},
                          {2, tokens}, scratch.data());
    return test::attention_result{
        test::widened(output),
        {test::widened(gradients[0]), test::widened(gradients[1]), test::widened(gradients[2])},
        {}};
  };
  SUBCASE("dense") {
    std::vector<float> values(2 * 2 * tokens * tokens);
    stash::probabilities_dense::kept<float> kept;
    kept.values.data = values.data();
    auto truth = on_host(kept);
    truth.kept = test::widened(values);
    test::check_close(test::run_attention<2, 64, stash::probabilities_dense, stash::dense>(data), truth, 1e-5);
  }
  SUBCASE("codes") {
    std::vector<std::uint8_t> values(2 * 2 * tokens * tokens);
    stash::probabilities_quantized<codes>::kept<float> kept;
    kept.codes.data = values.data();
    auto truth = on_host(kept);
    auto const actual = test::run_attention<2, 64, stash::probabilities_quantized<codes>, stash::dense>(data);
    std::size_t different = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      double const steps = std::abs(actual.kept[i] * 256 - values[i]);
      CHECK(steps <= 1);  // rounding of a probability may cross a border between codes
      different += steps > 0 ? 1 : 0;
    }
    CHECK(different <= values.size() / 1000);
    truth.kept = actual.kept;
    test::check_close(actual, truth, 3e-3);  // those differences
  }
  SUBCASE("log-sum-exps") {
    std::vector<float> sums(2 * 2 * tokens);
    stash::probabilities_recomputed::kept<float> kept;
    kept.log_sums.data = sums.data();
    auto truth = on_host(kept);
    truth.kept = test::widened(sums);
    test::check_close(test::run_attention<2, 64, stash::probabilities_recomputed, stash::dense>(data), truth, 1e-5);
  }
}

TEST_CASE_TEMPLATE("attention on CUDA: keeps nothing for inference", Probabilities, stash::probabilities_recomputed,
                   stash::probabilities_quantized<format::unsigned_fixed_point<8>>) {
  using engine = kernels::attention_engine<cuda, 2, 64, float>;
  auto const data = test::random_attention<2, 64, float>(1, 65);
  cuda device;
  test::device_array<float> const q(device, data.operands[0]), k(device, data.operands[1]), v(device, data.operands[2]);
  test::device_array<float> const output(device, data.output_gradient);
  engine::forward(device, std::array<float*, 3>{q.data(), k.data(), v.data()},
                  typename Probabilities::template kept<float>{}, {1, 65}, output.data(), static_cast<float*>(nullptr));
  auto const trained = test::run_attention<2, 64, stash::probabilities_recomputed, stash::dense>(data);
  CHECK(test::widened(output.read()) == trained.output);
}
