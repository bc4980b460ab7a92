// SPDX-License-Identifier: MIT
// What CUDA keeps are the bytes that the host keeps, and it restores them as the host does: layouts do not depend on
// the number of lanes.
#include <slimfit/format.hpp>
#include <slimfit/kernels/gelu.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/stash.hpp>

#include "support/beside_host.cuh"

using namespace slimfit;
using namespace slimfit::test;

namespace {

constexpr index_t rows = 5;

template <class S, class T, int Width>
void check_bytes() {
  CAPTURE(Width);
  random_stream const stream{.seed = 2};
  ledger book;
  arena counting(book);
  (void)stash::keep<S, T, Width>(counting, rows, category::static_activations, unit_state::active, stream);
  index_t const bytes = counting.tape_bytes();
  auto const x = normal_of<T>(rows * Width, 1);
  auto const view_of = [&](std::byte* block) {
    arena memory(book, block, bytes);
    return stash::keep<S, T, Width>(memory, rows, category::static_activations, unit_state::active, stream);
  };
  using kept = decltype(view_of(nullptr));
  vector<std::byte> codes(length(bytes));
  vector<std::byte> actual(length(bytes));
  vector<std::byte> again(length(bytes));
  run_serial(rows, kernels::save_rows<Width, T, kept>{x.data(), view_of(codes.data())});
  run_rows<serial_group>(rows, kernels::save_rows<Width, T, kept>{x.data(), view_of(actual.data())});
  run_rows<serial_group>(rows, kernels::save_rows<Width, T, kept>{x.data(), view_of(again.data())});
  REQUIRE(same_bits(actual, again));
  // A compiler may fuse the product before a rounding to a code: a value between two codes then gets the other one.
  index_t different = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) { different += codes[i] != actual[i] ? 1 : 0; }
  REQUIRE(different * 200 <= bytes);
  vector<T> const empty(x.size());
  // A device may fuse the product and the sum of an affine code.
  check_beside_host<T>(
      rows, empty,
      [&](T* out) {
        return kernels::restore_rows<Width, T, kept>{view_of(codes.data()), out};
      },
      one_rounding<T>);
}

template <class S, class T>
void check_widths() {
  for_widths<1, 5, 197, 384, 768, 3072>([]<int Width> { check_bytes<S, T, Width>(); });
}

}  // namespace

TEST_CASE_TEMPLATE("bytes of codes", S, stash::quantized<format::affine<4>>, stash::quantized<format::affine<3>>,
                   stash::quantized<format::affine<2, 8>>, stash::quantized<format::affine<8, 1024>>,
                   stash::quantized<format::affine<4, 64, format::stochastic>>, stash::quantized<format::symmetric<8>>,
                   stash::quantized<format::symmetric<3, 16>>, stash::quantized<format::gelu_derivative_codebook<3>>,
                   stash::quantized<format::fixed_point<3, 4>>) {
  check_widths<S, float>();
  check_widths<S, bf16>();
}

TEST_CASE_TEMPLATE("bytes of survivors", S, stash::pruned<percent<10>>,
                   stash::pruned<percent<10>, format::symmetric<8>>, stash::pruned<percent<50>, format::affine<3>>) {
  check_widths<S, float>();
  check_widths<S, bf16>();
}

TEST_CASE_TEMPLATE("GELU's derivative: the codes of every bf16 input, and of every bf16 number", Bits,
                   std::integral_constant<int, 4>, std::integral_constant<int, 3>, std::integral_constant<int, 2>) {
  constexpr int width = 1024;
  constexpr index_t all = 0x10000 / width;
  using codebook = format::gelu_derivative_codebook<Bits::value>;
  vector<bf16> x(0x10000);
  for (std::size_t i = 0; i < x.size(); ++i) { x[i].bits = static_cast<std::uint16_t>(i); }
  auto const equal = [&](auto const& run) {
    auto const bytes = length(all * codebook::code_bytes(width));
    vector<std::byte> expected(bytes);
    vector<std::byte> actual(bytes, std::byte{0x5a});
    run(expected.data(), [&](auto const& kernel) { run_serial(all, kernel); });
    run(actual.data(), [&](auto const& kernel) { run_rows<serial_group>(all, kernel); });
    return expected == actual;
  };
  CHECK(equal([&](std::byte* codes, auto const& launch) {
    using kept = typename stash::gelu_derivative<codebook>::template kept<bf16, width>;
    kept view;
    view.matrix.codes.data = codes;
    vector<bf16> output(x.size());
    launch(kernels::gelu_forward<width, bf16, kept>{x.data(), nullptr, output.data(), view});
  }));
  CHECK(equal([&](std::byte* codes, auto const& launch) {
    using kept = typename stash::quantized<codebook>::template kept<bf16, width>;
    kept view;
    view.codes.data = codes;
    launch(kernels::save_rows<width, bf16, kept>{x.data(), view});
  }));
}
