// SPDX-License-Identifier: MIT
// Row kernels on CUDA beside the host: embeddings, tokens, patches, dropout, tanh, centred keys.
#include <slimfit/kernels/center_keys.hpp>
#include <slimfit/kernels/dropout.hpp>
#include <slimfit/kernels/embedding.hpp>
#include <slimfit/kernels/layer_scale.hpp>
#include <slimfit/kernels/patches.hpp>
#include <slimfit/kernels/tanh.hpp>
#include <slimfit/kernels/token_rows.hpp>

#include "support/beside_host.cuh"

using namespace slimfit;
using namespace slimfit::kernels;
using namespace slimfit::test;

namespace {
constexpr index_t tokens = 3;
constexpr index_t sequences = 2;
constexpr index_t rows = tokens * sequences;

template <class F>
void for_row_widths(F const& f) {
  for_widths<1, 5, 197, 384, 768, 3072>(f);
}
}  // namespace

TEST_CASE_TEMPLATE("tanh and dropout", T, float, bf16) {
  for_row_widths([]<int Width> {
    CAPTURE(Width);
    auto const x = normal_of<T>(rows * Width, 1, 2);
    auto const d = normal_of<T>(rows * Width, 2);
    vector<T> const empty(x.size());
    check_beside_host<T>(
        rows, empty,
        [&](T* out) {
          return tanh_forward<Width, T>{x.data(), out};
        },
        one_rounding<T>);
    check_beside_host<T>(
        rows, empty,
        [&](T* out) {
          return tanh_backward<Width, T>{x.data(), d.data(), out};
        },
        4 * one_rounding<T>);
    random_stream const stream{.seed = 3, .iteration = 4, .place = 5};
    check_beside_host<T>(rows, empty, [&](T* out) {
      return dropout<Width, T, percent<10>>{x.data(), out, stream, row_numbers{7}};
    });
    check_beside_host<T>(
        rows, d,
        [&](T* out) {
          return add_dropped<Width, T, percent<10>>{x.data(), out, out, stream, row_numbers{7}};
        },
        one_rounding<T>);
  });
}

TEST_CASE_TEMPLATE("tokens of sequences", T, float, bf16) {
  for_row_widths([]<int Width> {
    CAPTURE(Width);
    auto const x = normal_of<T>(rows * Width, 1);
    auto const position = normal_of<T>(tokens * Width, 2);
    auto const bias = normal_of<T>(Width, 3);
    auto const class_token = normal_of<T>(Width, 4);
    vector<T> const all(x.size());
    vector<T> const per_token(position.size());
    vector<T> const per_sequence(length(sequences * Width));
    sequence_rows const where{.tokens = tokens};
    check_beside_host<T>(rows, all, [&](T* out) {
      return start_tokens<Width, T>{position.data(), class_token.data(), bias.data(), tokens, out};
    });
    check_beside_host<T>(tokens, per_token, [&](T* out) {
      return sum_over_sequences<Width, T>{x.data(), sequences, tokens, out};
    });
    check_beside_host<T>(sequences, per_sequence, [&](T* out) { return gather_rows<Width, T>{x.data(), where, out}; });
    check_beside_host<T>(sequences, x, [&](T* out) { return scatter_rows<Width, T>{position.data(), where, out}; });
    using center_type = center_keys<Width, T>;
    check_beside_host<T>(
        center_type::launches(sequences), x,
        [&](T* out) {
          return center_type{out, where};
        },
        one_rounding<T>);
  });
}

TEST_CASE_TEMPLATE("embeddings and their gradients", T, float, bf16) {
  for_row_widths([]<int Width> {
    CAPTURE(Width);
    constexpr index_t vocabulary = 4;
    vector<std::int32_t> words{2, 0, 2, 2, 3, 0};  // some twice, one never
    vector<std::int32_t> types{0, 0, 1, 0, 1, 1};
    vector<std::int32_t> places{0, 1, 2, 0, 1, 2};
    token_ids const ids{words.data(), types.data(), places.data()};
    auto const table = normal_of<T>(vocabulary * Width, 1);
    auto const kinds = normal_of<T>(2 * Width, 2);
    auto const position = normal_of<T>(tokens * Width, 3);
    auto const gradient = normal_of<T>(rows * Width, 4);
    vector<T> const all(gradient.size());
    check_beside_host<T>(rows, all, [&](T* out) {
      return embed_tokens<Width, T>{ids, table.data(), kinds.data(), position.data(), out};
    });
    using kernel = scatter_add_columns<Width, T>;
    auto const by_columns = [&](T* out) { return kernel{words.data(), gradient.data(), rows, out, 0, vocabulary}; };
    check_beside_host<T>(index_t{Width / kernel::columns}, table, by_columns);
    // The host's serial groups go through the rows in order, teams in another.
    using by_rows = gather_add_rows<Width, Width, T>;
    check_beside_host<T>(
        vocabulary, table,
        [&](T* out) {
          return by_rows{words.data(), gradient.data(), rows, out, 0};
        },
        one_rounding<T>);
    using by_slices = gather_add_rows<Width, kernel::columns, T>;
    check_beside_host<T>(
        vocabulary * (Width / kernel::columns), table,
        [&](T* out) {
          return by_slices{words.data(), gradient.data(), rows, out, 0};
        },
        one_rounding<T>);
  });
}

TEST_CASE_TEMPLATE("sums over many rows: each group of a team has its share", T, float, bf16) {
  constexpr int width = 64;
  constexpr index_t count = 301;  // of tokens: every group of a team looks at several, the last at some
  constexpr index_t vocabulary = 5;
  vector<std::int32_t> ids(length(count));
  // Long runs of the same id, one that is rare, one that never occurs.
  for (index_t i = 0; i < count; ++i) { ids[length(i)] = i % 100 == 99 ? 3 : static_cast<std::int32_t>(i / 80 % 3); }
  auto const table = normal_of<T>(vocabulary * width, 1);
  auto const gradient = normal_of<T>(count * width, 2);
  using kernel = gather_add_rows<width, width, T>;
  // From the second row of the table on. Some 80 normal numbers in another order: their sum, below 40, is wrong by a
  // few roundings.
  check_beside_host<T>(
      vocabulary - 1, table,
      [&](T* out) {
        return kernel{ids.data(), gradient.data(), count, out, 1};
      },
      4 * one_rounding<T>);
  check_beside_host<T>(
      7, vector<T>(7 * width),
      [&](T* out) {
        return sum_over_sequences<width, T>{gradient.data(), 43, 7, out};
      },
      4 * one_rounding<T>);
}

TEST_CASE_TEMPLATE("LayerScale and its gradients", T, float, bf16) {
  for_row_widths([]<int Width> {
    CAPTURE(Width);
    auto const x = normal_of<T>(rows * Width, 1);
    auto const addend = normal_of<T>(rows * Width, 2);
    auto const scale = normal_of<T>(Width, 3);
    check_beside_host<T>(rows, x, [&](T* out) { return scale_columns<Width, T>{out, scale.data(), nullptr, out}; });
    check_beside_host<T>(
        rows, addend,
        [&](T* out) {
          return scale_columns<Width, T>{x.data(), scale.data(), out, out};
        },
        one_rounding<T>);
    // Rows of a weight with `rows` outputs.
    auto const weight = normal_of<T>(rows * Width, 4);
    auto const bias = normal_of<T>(rows, 5);
    auto const factors = normal_of<T>(rows, 6);
    auto const scratch = [&](vector<T> values) { return values; };
    auto weight_gradient = scratch(x);
    auto bias_gradient = scratch(bias);
    auto scale_gradient = scratch(bias);
    using kernel = layer_scale_gradients<Width, T>;
    check_beside_host<T>(rows, x, [&](T* out) {
      bias_gradient = bias;
      return kernel{factors.data(), weight.data(), bias.data(), out, bias_gradient.data(), scale_gradient.data()};
    });
    check_beside_host<T>(
        rows, bias,
        [&](T* out) {
          weight_gradient = x;
          bias_gradient = bias;
          return kernel{factors.data(), weight.data(), bias.data(), weight_gradient.data(), bias_gradient.data(), out};
        },
        64 * one_rounding<T>);  // a sum over a row, in another order
  });
}

TEST_CASE_TEMPLATE("patches of images", T, float, bf16) {
  auto const check_image = []<int Image, int Patch, int Channels>() {
    using kernel = extract_patches<Image, Patch, Channels, T>;
    auto const images = normal_of<T>(2 * Channels * Image * Image, 1);
    index_t const some = kernel::tokens + 2;  // ends within the second image
    vector<T> const empty(length(some * kernel::width));
    check_beside_host<T>(some, empty, [&](T* out) { return kernel{images.data(), 1, out}; });
  };
  check_image.template operator()<28, 7, 1>();
  check_image.template operator()<32, 16, 3>();
  check_image.template operator()<5, 5, 3>();
}
