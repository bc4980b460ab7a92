// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include <slimfit/format.hpp>
#include <slimfit/kernels/layer_norm.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/stash.hpp>

#include "reference/layer_norm.hpp"
#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {

constexpr double epsilon = 1e-12;

std::vector<double> widened(auto const& values) { return {values.begin(), values.end()}; }

template <class T>
struct problem {
  index_t rows;
  test::vector<T> x, gamma, beta, dy;
  problem(index_t row_count, int width)
      : rows(row_count),
        x(test::normal<T>(row_count * width, 1, 0.5, 2)),
        gamma(test::normal<T>(width, 2, 1, 0.3)),
        beta(test::normal<T>(width, 3)),
        dy(test::normal<T>(row_count * width, 4)) {}
};

template <class T>
struct result {
  test::vector<T> output, dx, dgamma, dbeta, restored;
};

/// Forward, restoring the output, and backward, through the stash `S`.
template <class S, int Width, class Group, class T>
result<T> run(problem<T> const& p, update_mode mode = update_mode::overwrite) {
  using namespace kernels;
  auto const size = length(p.rows * Width);
  row_blocks const each{p.rows};
  index_t const blocks = each.count();
  result<T> r{test::vector<T>(size), test::vector<T>(size, T{1}), test::vector<T>(Width), test::vector<T>(Width),
              test::vector<T>(size)};
  test::vector<T> partials(length(2 * blocks * Width));
  test::tape tape;
  auto const kept = S::template keep<T, Width>(tape.memory(), p.rows, category::static_activations);
  using kept_type = std::remove_const_t<decltype(kept)>;
  auto const eps = static_cast<T>(epsilon);
  if constexpr (stash::saves_matrix<kept_type>) {
    test::row_context<Group> rows;
    test::vector<stash::row_statistics<T>> statistics(length(p.rows));
    test::vector<index_t> workspace(length(kept_type::workspace_numbers(p.rows)));
    rows.launch(p.rows, layer_norm_statistics<Width, T>{p.x.data(), eps, statistics.data()});
    kept.save_matrix(rows, stash::normalized_rows<Width, T>{p.x.data(), statistics.data()}, p.rows, workspace.data());
  }
  test::run_rows<Group>(p.rows, layer_norm_forward<Width, T, kept_type>{p.x.data(), p.gamma.data(), p.beta.data(),
                                                                        r.output.data(), eps, kept});
  using source = stash::layer_norm_output<Width, T, kept_type>;
  test::run_rows<Group>(p.rows,
                        restore_rows<Width, T, source>{{kept, p.gamma.data(), p.beta.data(), eps}, r.restored.data()});
  test::run_rows<Group>(blocks, layer_norm_backward<Width, T, kept_type, parameter_gradients::all>{
                                    kept, p.dy.data(), p.gamma.data(), r.dx.data(), eps, each, mode, partials.data(),
                                    partials.data() + blocks * Width});
  test::run_rows<Group>(slice_count(Width), sum_rows<T>{partials.data(), blocks, Width, r.dgamma.data()});
  test::run_rows<Group>(slice_count(Width),
                        sum_rows<T>{partials.data() + blocks * Width, blocks, Width, r.dbeta.data()});
  test::vector<T> dx_alone(size, T{1});
  test::run_rows<Group>(p.rows, layer_norm_backward<Width, T, kept_type, parameter_gradients::none>{
                                    kept, p.dy.data(), p.gamma.data(), dx_alone.data(), eps, each, mode});
  CHECK(std::memcmp(dx_alone.data(), r.dx.data(), size * sizeof(T)) == 0);  // bits: NaN equals itself
  test::vector<T> dx_frozen(size, T{1}), beta_partials(length(blocks * Width));
  test::run_rows<Group>(
      blocks, layer_norm_backward<Width, T, kept_type, parameter_gradients::shift>{
                  kept, p.dy.data(), p.gamma.data(), dx_frozen.data(), eps, each, mode, nullptr, beta_partials.data()});
  CHECK(std::memcmp(dx_frozen.data(), r.dx.data(), size * sizeof(T)) == 0);
  CHECK(std::memcmp(beta_partials.data(), partials.data() + blocks * Width, beta_partials.size() * sizeof(T)) == 0);
  S::release(tape.memory(), kept);
  CHECK(tape.memory().tape_bytes() == 0);
  return r;
}

template <class S, int Width, class Group, class T>
void check(index_t rows, double tolerance, double gradient_tolerance) {
  CAPTURE(Width);
  problem<T> const p(rows, Width);
  auto const r = run<S, Width, Group>(p);
  auto const expected = reference::layer_norm(widened(p.x), widened(p.gamma), widened(p.beta), epsilon);
  auto const gradients = reference::layer_norm_backward(expected, widened(p.gamma), widened(p.dy));
  CHECK(test::relative_error(r.output, expected.output) < tolerance);
  CHECK(test::relative_error(r.dbeta, gradients.beta) < tolerance);
  if constexpr (Width > 1) {  // with one column dx and xhat are rounding noise
    CHECK(test::relative_error(r.restored, expected.output) < gradient_tolerance);
    CHECK(test::relative_error(r.dx, gradients.input) < gradient_tolerance);
    CHECK(test::relative_error(r.dgamma, gradients.gamma) < gradient_tolerance);
    auto const added = run<S, Width, Group>(p, update_mode::accumulate);
    for (std::size_t i = 0; i < r.dx.size(); ++i) {
      REQUIRE(added.dx[i] == doctest::Approx(r.dx[i] + T{1}).epsilon(1e-6));
    }
  }
}

using with = stash::layer_norm_input<stash::statistics::with>;
using without = stash::layer_norm_input<stash::statistics::without>;
using normalized = stash::layer_norm_normalized<stash::dense>;
template <int Bits>
using coded = stash::layer_norm_normalized<stash::quantized<format::affine<Bits>>>;

}  // namespace

TEST_CASE_TEMPLATE("forward and backward match the formula, whatever is kept exactly", S, with, without, normalized) {
  test::for_widths<1, 5, 64, 197, 384, 768, 3072>([]<int Width> {
    check<S, Width, serial_group, float>(3, 2e-6, 1e-5);
    check<S, Width, serial_group, double>(1, 1e-13, 1e-12);
  });
  check<S, 5, emulated_group<4>, float>(67, 2e-6, 1e-5);
  check<S, 197, emulated_group<4>, double>(3, 1e-13, 1e-12);
  check<S, 768, emulated_group<8>, float>(3, 2e-6, 1e-5);
  check<S, 64, serial_group, float>(131, 2e-6, 1e-5);
}

TEST_CASE("codes of the normalised rows cost the gradient what their bits imply") {
  check<coded<8>, 768, serial_group, float>(131, 2e-6, 0.02);
  check<coded<4>, 768, serial_group, float>(131, 2e-6, 0.12);
  check<coded<4>, 197, emulated_group<4>, float>(3, 2e-6, 0.12);
  // dX with dY independent of the rows: the measured errors of 2, 3 and 4 bits.
  problem<double> p(200, 768);
  p.gamma.assign(768, 1.0);
  auto const expected = reference::layer_norm(widened(p.x), widened(p.gamma), widened(p.beta), epsilon);
  auto const gradients = reference::layer_norm_backward(expected, widened(p.gamma), widened(p.dy));
  auto const error = [&]<class S> { return test::relative_error(run<S, 768, serial_group>(p).dx, gradients.input); };
  CHECK(error.template operator()<coded<4>>() < 0.0062);
  CHECK(error.template operator()<coded<3>>() < 0.0135);
  CHECK(error.template operator()<coded<2>>() < 0.035);
  using pruned = stash::layer_norm_normalized<stash::pruned<percent<10>>>;
  CHECK(error.template operator()<pruned>() < 0.035);
  CHECK(error.template operator()<pruned>() > 4 * error.template operator()<coded<4>>());
}

TEST_CASE("the largest of all rows give the gradient of the formula with the others zero") {
  constexpr int width = 197;
  constexpr index_t rows = 67;
  using tenth = stash::layer_norm_normalized<stash::pruned<percent<10>, format::full, stash::per_tensor>>;
  using everything = stash::layer_norm_normalized<stash::pruned<percent<100>, format::full, stash::per_tensor>>;
  problem<double> p(rows, width);
  for (std::size_t i = 0; i < length(rows * width); ++i) {
    if (i % 3 == 0) { p.x[i] *= static_cast<double>(i / width % 7); }  // rows of unequal tails
  }
  auto const whole = reference::layer_norm(widened(p.x), widened(p.gamma), widened(p.beta), epsilon);
  auto cut = whole;
  std::vector<double> sizes;
  for (auto const value : whole.xhat) { sizes.push_back(std::abs(value)); }
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  double const least = sizes[length(rows * width / 10) - 1];
  for (auto& value : cut.xhat) { value = std::abs(value) >= least ? value : 0; }
  auto const expected = reference::layer_norm_backward(cut, widened(p.gamma), widened(p.dy));
  auto const check_group = [&]<class Group> {
    auto const r = run<tenth, width, Group>(p);
    CHECK(test::relative_error(r.output, whole.output) < 1e-13);
    CHECK(test::relative_error(r.dx, expected.input) < 1e-12);
    CHECK(test::relative_error(r.dgamma, expected.gamma) < 1e-12);
  };
  check_group.template operator()<serial_group>();
  check_group.template operator()<emulated_group<4>>();
  check<everything, 64, serial_group, float>(131, 2e-6, 1e-5);
  check<everything, 5, emulated_group<2>, float>(3, 2e-6, 1e-5);
}

TEST_CASE("groups agree to rounding, and one group repeats bit for bit") {
  problem<float> const p(5, 197);
  auto const serial = run<coded<4>, 197, serial_group>(p);
  auto const again = run<coded<4>, 197, serial_group>(p);
  CHECK(serial.dx == again.dx);
  CHECK(serial.dgamma == again.dgamma);
  auto const lanes = run<normalized, 197, emulated_group<4>>(p);
  auto const lanes_again = run<normalized, 197, emulated_group<4>>(p);
  CHECK(lanes.dx == lanes_again.dx);
  CHECK(test::relative_error(run<normalized, 197, serial_group>(p).dx, lanes.dx) < 1e-6);
}

TEST_CASE("the gradient is that of central differences") {
  constexpr int width = 5;
  problem<double> p(2, width);
  auto const r = run<normalized, width, serial_group>(p);
  auto const loss = [&] {
    auto const y = run<normalized, width, serial_group>(p).output;
    double total = 0;
    for (std::size_t i = 0; i < y.size(); ++i) { total += y[i] * p.dy[i]; }
    return total;
  };
  auto const difference = [&](double& parameter) {
    double const h = 1e-5;
    double const old = parameter;
    parameter = old + h;
    double const above = loss();
    parameter = old - h;
    double const below = loss();
    parameter = old;
    return (above - below) / (2 * h);
  };
  for (std::size_t i = 0; i < p.x.size(); ++i) { CHECK(std::abs(difference(p.x[i]) - r.dx[i]) < 1e-8); }
  for (std::size_t i = 0; i < width; ++i) {
    CHECK(std::abs(difference(p.gamma[i]) - r.dgamma[i]) < 1e-8);
    CHECK(std::abs(difference(p.beta[i]) - r.dbeta[i]) < 1e-8);
  }
}

TEST_CASE("an adopted input gives the same gradient, and nothing is kept for inference") {
  problem<float> const p(3, 64);
  auto const expected = run<without, 64, serial_group>(p);
  using kept_type = without::kept<float, 64>;
  test::vector<float> dx(3 * 64);
  test::run_rows<serial_group>(
      3, kernels::layer_norm_backward<64, float, kept_type, kernels::parameter_gradients::none>{
             kept_type::adopt(p.x.data()), p.dy.data(), p.gamma.data(), dx.data(), static_cast<float>(epsilon), {3}});
  CHECK(dx == expected.dx);
  test::vector<float> output(3 * 64);
  using nothing = stash::none::kept<float, 64>;
  test::run_rows<serial_group>(3, kernels::layer_norm_forward<64, float, nothing>{
                                      p.x.data(), p.gamma.data(), p.beta.data(), output.data(), 1e-12F, {}});
  CHECK(output == expected.output);
}

TEST_CASE("NaN stays visible") {
  problem<float> p(3, 64);
  p.x[70] = std::nanf("");
  auto const r = run<coded<4>, 64, serial_group>(p);
  CHECK(std::isnan(r.output[64]));
  CHECK(std::isnan(r.dx[64]));
  CHECK(!std::isnan(r.dx[0]));
  CHECK(!std::isnan(r.dx[128]));
}
