// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <slimfit/format.hpp>
#include <slimfit/kernels/gelu.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/stash.hpp>

#include <cmath>
#include <limits>

#include "reference/gelu.hpp"
#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {

template <class T>
struct result {
  test::vector<T> output, dz, kept_output;
};

/// The kernel that also sums columns writes the same gradient, and the sums that another pass would find: on CUDA up to
/// the order in which a team's groups add, which are not as many in both kernels.
template <int Width, class Group, class Kept, class T>
void check_sums(Kept const& kept, test::vector<T> const& dh, test::vector<T> const& dz, index_t rows) {
  using namespace kernels;
  row_blocks const blocks{rows, 16};
  auto const numbers = length(blocks.count() * Width);
  test::vector<T> partials(numbers, T{7});
  test::vector<T> expected(numbers);
  auto gradient = dh;
  activation_backward_sums<Width, T, Kept> const fused{kept, gradient.data(), gradient.data(), blocks, partials.data()};
  test::run_rows<Group>(fused.launches(), fused);
  column_sums<Width, T> const pass{dz.data(), blocks, expected.data()};
  test::run_rows<Group>(pass.launches(), pass);
  CHECK(gradient == dz);
#ifdef __CUDACC__
  for (std::size_t i = 0; i < numbers; ++i) {
    CHECK(std::abs(partials[i] - expected[i]) <= 64 * std::numeric_limits<T>::epsilon() * (1 + std::abs(expected[i])));
  }
#else
  CHECK(partials == expected);
#endif
}

template <class S, class OutputStash, int Width, class Group, class T>
result<T> run(test::vector<T> const& input, test::vector<T> const& bias, test::vector<T> const& dh, index_t rows) {
  using namespace kernels;
  test::tape tape;
  result<T> r{input, dh, test::vector<T>(input.size())};
  auto const kept = S::template keep<T, Width>(tape.memory(), rows, category::static_activations);
  auto const output = OutputStash::template keep<T, Width>(tape.memory(), rows, category::dynamic_activations);
  using kept_type = std::remove_const_t<decltype(kept)>;
  using output_type = std::remove_const_t<decltype(output)>;
  // In place, as layers run it.
  test::run_rows<Group>(
      rows, gelu_forward<Width, T, kept_type, output_type>{r.output.data(), bias.empty() ? nullptr : bias.data(),
                                                           r.output.data(), kept, output});
  if constexpr (output_type::restores) {
    test::run_rows<Group>(rows, restore_rows<Width, T, output_type>{output, r.kept_output.data()});
  } else if constexpr (kept_type::restores) {
    test::run_rows<Group>(rows, restore_rows<Width, T, kept_type>{kept, r.kept_output.data()});
  }
  test::run_rows<Group>(rows, gelu_backward<Width, T, kept_type>{kept, r.dz.data(), r.dz.data()});
  check_sums<Width, Group>(kept, dh, r.dz, rows);
  OutputStash::release(tape.memory(), output);
  S::release(tape.memory(), kept);
  CHECK(tape.memory().tape_bytes() == 0);
  return r;
}

struct errors {
  double output, dz, kept_output;
};

template <class S, class OutputStash, int Width, class Group, class T>
errors errors_of(index_t rows, bool with_bias) {
  auto const input = test::normal<T>(rows * Width, 1, 0, with_bias ? 0.8 : 1);
  auto const bias = with_bias ? test::normal<T>(Width, 2, 0, 0.6) : test::vector<T>{};
  auto const dh = test::normal<T>(rows * Width, 3);
  auto const r = run<S, OutputStash, Width, Group>(input, bias, dh, rows);
  std::vector<double> h;
  test::vector<double> dz;
  for (std::size_t i = 0; i < input.size(); ++i) {
    double const z = static_cast<double>(input[i]) + (with_bias ? static_cast<double>(bias[i % Width]) : 0);
    h.push_back(reference::gelu(z));
    dz.push_back(static_cast<double>(dh[i]) * reference::gelu_derivative(z));
  }
  return {test::relative_error(r.output, h), test::relative_error(r.dz, dz), test::relative_error(r.kept_output, h)};
}

using dense_input = stash::gelu_input<stash::dense>;
using paper = stash::gelu_input<stash::quantized<format::fixed_point<2, 1>>>;
template <int Bits>
using derivative = stash::gelu_derivative<format::gelu_derivative_codebook<Bits>>;
using coded_output = stash::quantized<format::fixed_point<3, 4>>;

}  // namespace

TEST_CASE_TEMPLATE("exact GELU matches the formula and gives its output back", T, float, double) {
  double const tolerance = sizeof(T) == 4 ? 3e-7 : 1e-14;
  test::for_widths<1, 5, 64, 197, 384, 768, 3072>([&]<int Width> {
    auto const e = errors_of<dense_input, stash::none, Width, serial_group, T>(3, true);
    CHECK(e.output < tolerance);
    CHECK(e.dz < tolerance);
    CHECK(e.kept_output < tolerance);
  });
  auto const lanes = errors_of<dense_input, stash::dense, 197, emulated_group<4>, T>(3, true);
  CHECK(lanes.output < tolerance);
  CHECK(lanes.dz < tolerance);
  CHECK(lanes.kept_output < tolerance);
}

TEST_CASE_TEMPLATE("coded GELU has the gradient errors that were measured", T, float, double) {
  auto const four = errors_of<derivative<4>, stash::none, 3072, serial_group, T>(33, false);
  CHECK(four.output < 3e-7);
  CHECK(four.dz < 0.034);
  CHECK(four.dz > 0.02);
  CHECK(errors_of<derivative<3>, stash::none, 3072, serial_group, T>(33, false).dz < 0.068);
  CHECK(errors_of<derivative<2>, stash::none, 3072, serial_group, T>(33, false).dz < 0.137);
  auto const of_paper = errors_of<paper, coded_output, 3072, serial_group, T>(33, false);
  CHECK(of_paper.dz == doctest::Approx(0.112).epsilon(0.05));
  CHECK(of_paper.output < 3e-7);
  CHECK(of_paper.kept_output < 0.04);
  CHECK(errors_of<derivative<4>, coded_output, 197, emulated_group<4>, T>(5, true).dz < 0.04);
}

TEST_CASE("all groups code the same") {
  auto const x = test::normal<float>(3 * 197, 9);
  auto const dh = test::normal<float>(3 * 197, 10);
  auto const serial = run<derivative<4>, coded_output, 197, serial_group>(x, {}, dh, 3);
  auto const lanes = run<derivative<4>, coded_output, 197, emulated_group<4>>(x, {}, dh, 3);
  CHECK(serial.dz == lanes.dz);
  CHECK(serial.kept_output == lanes.kept_output);
}

TEST_CASE("nothing is kept for inference, and NaN stays visible") {
  test::vector<float> x(64, 1.0F);
  x[3] = std::nanf("");
  auto y = x;
  test::run_rows<serial_group>(
      1, kernels::gelu_forward<64, float, stash::none::kept<float, 64>>{x.data(), nullptr, y.data()});
  CHECK(std::isnan(y[3]));
  CHECK(static_cast<double>(y[4]) == doctest::Approx(reference::gelu(1)));
}

TEST_CASE_TEMPLATE("rows saved from a dense matrix are restored", Group, serial_group, emulated_group<4>) {
  auto const x = test::normal<float>(3 * 197, 9);
  test::vector<float> y(x.size());
  test::tape tape;
  auto const kept = stash::dense::keep<float, 197>(tape.memory(), 3, category::data);
  using kept_type = stash::dense::kept<float, 197>;
  test::run_rows<Group>(3, kernels::save_rows<197, float, kept_type>{x.data(), kept});
  test::run_rows<Group>(3, kernels::restore_rows<197, float, kept_type>{kept, y.data()});
  CHECK(x == y);
}
