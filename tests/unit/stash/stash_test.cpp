// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <slimfit/format.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/stash.hpp>

#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {

constexpr auto purpose = category::static_activations;

/// Saves and restores `rows` rows of `x` in a group, and checks that the tape is empty afterwards.
template <class S, int Width, class Group, class T>
test::vector<compute_type<T>> round_trip(test::vector<T> const& x, index_t rows) {
  test::tape tape;
  auto const kept =
      stash::keep<S, T, Width>(tape.memory(), rows, purpose, unit_state::active, random_stream{.seed = 2});
  test::vector<compute_type<T>> restored(length(rows * Width));
  using kernel = test::save_and_restore<Width, T, std::remove_const_t<decltype(kept)>>;
  // In two views, as chunked work has them.
  test::run_rows<Group>(1, kernel{kept, x.data(), restored.data()});
  if (rows > 1) {
    test::run_rows<Group>(rows - 1, kernel{kept.rows_from(1), x.data() + Width, restored.data() + Width});
  }
  S::release(tape.memory(), kept);
  CHECK(tape.memory().tape_bytes() == 0);
  CHECK(tape.book().now().total() == 0);
  return restored;
}

template <class S, class T>
void check_groups_agree() {
  test::for_widths<1, 197>([]<int Width> {
    auto const values = test::normal<float>(3 * Width, 11);
    test::vector<T> x;
    for (float const value : values) { x.push_back(static_cast<T>(value)); }
    auto const serial = round_trip<S, Width, serial_group>(x, 3);
    CHECK(serial == round_trip<S, Width, emulated_group<4>>(x, 3));
  });
}

/// Bytes on the tape of one row, before padding to the arena's alignment matters.
template <class S, int Width>
constexpr index_t kept_bytes(index_t rows, unit_state state) {
  ledger book;
  arena memory(book);
  auto const kept = S::template keep<float, Width>(memory, rows, purpose, state);
  index_t const bytes = memory.tape_bytes();
  auto const view = kept.rows_from(1);
  static_cast<void>(view);
  S::release(memory, kept);
  return memory.tape_bytes() == 0 ? bytes : -1;
}

}  // namespace

TEST_CASE("an arena: what lasts stays where it is while scratch around it ends") {
  ledger book;
  {
    std::vector<std::byte> block(1024);
    arena memory(book, block.data(), 1024);
    char* lasting[2];
    {
      scratch_buffer<char> const above(memory, 64);
      lasting[0] = memory.push_lasting<char>(64, category::gradients);
      {
        scratch_buffer<char> const below(memory, 192);
        CHECK(below.data() + 192 == lasting[0]);
      }
      CHECK(book.now()[category::workspace] == 64);
      lasting[1] = memory.push_lasting<char>(128, category::gradients);
      CHECK(lasting[1] + 128 == lasting[0]);
    }
    // The scratch above ended before: its place stays a gap, which nobody counts.
    CHECK(book.now().activations() == 192);
    scratch_buffer<char> const next(memory, 704);
    CHECK(next.data() + 704 == lasting[1]);
    auto const tape = memory.keep<char>(64, category::static_activations);
    CHECK(memory.high_water() == 1024);
    CHECK_THROWS_AS(memory.keep<char>(1, category::static_activations), memory_error);
    memory.release(tape);
  }
  CHECK(book.now().activations() == 0);
}

TEST_CASE_TEMPLATE("dense keeps the matrix exactly", T, float, double, bf16) {
  auto const values = test::normal<float>(3 * 197, 1);
  test::vector<T> x;
  test::vector<compute_type<T>> expected;
  for (float const value : values) {
    x.push_back(static_cast<T>(value));
    expected.push_back(static_cast<compute_type<T>>(x.back()));
  }
  CHECK(round_trip<stash::dense, 197, serial_group>(x, 3) == expected);
  CHECK(round_trip<stash::dense, 197, emulated_group<4>>(x, 3) == expected);
}

TEST_CASE("an adopted tensor is read, not written, and not popped") {
  test::tape tape;
  auto const x = test::normal<float>(2 * 64, 1);
  auto const copy = x;
  auto const kept = stash::dense::kept<float, 64>::adopt(x.data());
  kept.save(serial_group{}, 0, tile<float, 64, serial_group>{});
  CHECK(x == copy);
  CHECK(kept.rows_from(1).restore(serial_group{}, 0).values[5] == x[69]);
  stash::dense::release(tape.memory(), kept);
  CHECK(tape.memory().tape_bytes() == 0);
}

TEST_CASE_TEMPLATE("all groups save the same", T, float, double, bf16) {
  check_groups_agree<stash::quantized<format::affine<4>>, T>();
  check_groups_agree<stash::quantized<format::symmetric<8, 16>>, T>();
  check_groups_agree<stash::quantized<format::fixed_point<3, 4>>, T>();
  check_groups_agree<stash::quantized<format::gelu_derivative_codebook<3>>, T>();
  check_groups_agree<stash::quantized<format::affine<2, 64, format::stochastic>>, T>();
}

TEST_CASE("saturation is counted per row, exactly, when someone asks") {
  using format_type = format::fixed_point<2, 1>;
  using stash_type = stash::quantized<format_type>;
  constexpr int width = 197;
  constexpr index_t rows = 5;
  auto const x = test::normal<float>(rows * width, 2, 0, 3);
  auto const check = [&]<class Group> {
    test::tape tape;
    auto const kept = stash_type::keep<float, width>(tape.memory(), rows, purpose);
    test::vector<std::int32_t> counts(rows + 1, -1);
    auto const counting = kept.counting(counts.data() + 1).rows_from(2);
    using kernel = kernels::save_rows<width, float, std::remove_const_t<decltype(counting)>>;
    test::run_rows<Group>(3, kernel{x.data() + 2 * width, counting});
    CHECK(test::vector<std::int32_t>(counts.begin(), counts.begin() + 3) == test::vector<std::int32_t>{-1, -1, -1});
    for (std::size_t row = 2; row < rows; ++row) {
      int expected = 0;
      for (std::size_t i = 0; i < width; ++i) {
        float const v = x[row * width + i];
        expected += v > 3.75F || v < -4.25F ? 1 : 0;
      }
      CHECK(counts[row + 1] == expected);
      CHECK(expected > 10);
    }
    stash_type::release(tape.memory(), kept);
  };
  check.template operator()<serial_group>();
  check.template operator()<emulated_group<4>>();
}

TEST_CASE("stochastic rounding of a chunk draws the numbers of its rows") {
  using stash_type = stash::quantized<format::affine<2, 64, format::stochastic>>;
  auto const x = test::normal<float>(4 * 64, 3);
  test::tape tape;
  serial_group const group;
  random_stream const stream{.seed = 5};
  auto const kept = stash_type::keep<float, 64>(tape.memory(), 4, purpose, unit_state::active, stream);
  kept.save(group, 3, load<64>(group, x.data()));
  auto const whole = kept.restore(group, 3);
  kept.rows_from(2).save(group, 1, load<64>(group, x.data()));
  auto const chunk = kept.restore(group, 3);
  for (int i = 0; i < 64; ++i) { CHECK(whole.values[i] == chunk.values[i]); }
}

TEST_CASE("by_state keeps what the state needs, and visits it") {
  using both = stash::by_state<stash::dense, stash::quantized<format::affine<4>>>;
  static_assert(kept_bytes<both, 768>(2, unit_state::active) == 2 * 768 * 4);
  static_assert(kept_bytes<both, 768>(2, unit_state::frozen) == 2 * 384 + 128);
  static_assert(kept_bytes<both, 768>(2, unit_state::inference) == 0);
  static_assert(stash::is_dense<both>(unit_state::active) && !stash::is_dense<both>(unit_state::frozen));
  static_assert(!stash::is_dense<both>(unit_state::inference) && stash::is_dense<stash::dense>(unit_state::frozen));
  static_assert(stash::matrix_stash<stash::pruned<percent<10>>> && stash::matrix_stash<stash::none>);
  static_assert(!stash::matrix_stash<int>);
  using nested = stash::by_state<stash::by_state<stash::dense, stash::none>, stash::none>;
  test::tape tape;
  for (auto const state : {unit_state::active, unit_state::frozen, unit_state::inference}) {
    auto const kept = both::keep<float, 64>(tape.memory(), 3, purpose, state);
    bool const dense = kept.visit([](auto const& view) {
      return requires { view.owned; };
    });
    bool const restores = kept.rows_from(1).visit([](auto const& view) { return view.restores; });
    CHECK(dense == (state == unit_state::active));
    CHECK(restores == (state != unit_state::inference));
    both::release(tape.memory(), kept);
    auto const inner = nested::keep<float, 64>(tape.memory(), 3, purpose, state);
    CHECK(inner.visit([](auto const& view) { return view.restores; }) == (state == unit_state::active));
    nested::release(tape.memory(), inner);
    CHECK(tape.memory().tape_bytes() == 0);
  }
}

TEST_CASE("bytes on the tape are those of the facts") {
  using namespace stash;
  static_assert(kept_bytes<layer_norm_normalized<quantized<format::affine<4>>>, 768>(64, unit_state::frozen) ==
                64 * (384 + 48 + 4));
  static_assert(kept_bytes<gelu_derivative<format::gelu_derivative_codebook<4>>, 3072>(1, unit_state::frozen) == 1536);
  static_assert(kept_bytes<gelu_input<quantized<format::fixed_point<2, 1>>>, 3072>(1, unit_state::frozen) == 1536);
  static_assert(kept_bytes<quantized<format::symmetric<8>>, 768>(64, unit_state::active) == 64 * (768 + 24));
  static_assert(kept_bytes<layer_norm_input<statistics::with>, 768>(64, unit_state::active) == 64 * (3072 + 8));
  static_assert(kept_bytes<layer_norm_input<statistics::without>, 768>(64, unit_state::active) == 64 * 3072);
  static_assert(kept_bytes<pruned<percent<10>>, 768>(64, unit_state::frozen) == 64 * (96 + 76 * 4));
}
