// SPDX-License-Identifier: MIT
// Cases: attention of 12 heads of 64, kernel by kernel. The fewest bytes are those of the kernels' tiling, and
// operations those of the matrix products that a kernel makes; docs/attention.md derives both.
#include <slimfit/kernels/cuda/attention_engine.cuh>
#include <slimfit/policy/attention.hpp>

#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

using namespace kernels;

constexpr int heads = 12;
constexpr int head_size = 64;
constexpr int width = heads * head_size;
constexpr index_t tokens = sequence_tokens;
constexpr index_t blocks = divide_up(tokens, index_t{attention_rows});
constexpr index_t sum_bytes = sizeof(float);

attention_shape shape() { return {static_cast<int>(tokens), heads, width, 0.125F, {.tokens = tokens}, {}}; }

/// Operations of `products` matrix products of size tokens x tokens x head size in each head.
void count_products(cuda_workspace& memory, index_t products) {
  memory.count_flops(memory.sequences() * heads * products * 2 * tokens * tokens * head_size);
}
/// Bytes of each row of each head.
void count_head_rows(cuda_workspace& memory, index_t bytes) { memory.count_bytes(memory.rows() * heads * bytes); }

/// Bytes of the sectors that kept probabilities take, read or written in rows of at most `columns` at a time.
index_t probability_bytes(cuda_workspace const& memory, index_t columns, index_t element_bytes) {
  index_t sectors = 0;
  for (index_t row = 0; row < memory.rows() * heads; ++row) {
    for (index_t first = 0; first < tokens; first += columns) {
      index_t const begin = (row * tokens + first) * element_bytes;
      index_t const end = (row * tokens + lesser(tokens, first + columns)) * element_bytes;
      sectors += divide_up(end, sector_bytes) - begin / sector_bytes;
    }
  }
  return sectors * sector_bytes;
}

/// How a case calls what is kept of probabilities.
template <class Kept>
struct probabilities_of_case;
template <>
struct probabilities_of_case<rebuilt_probabilities<float>> {
  static constexpr char const* name = "rebuilt";
  static rebuilt_probabilities<float> make(cuda_workspace& memory) {
    return {memory.allocate<float>(memory.rows() * heads)};  // zeros: near the sums that normal scores have
  }
};
template <class T>
struct probabilities_of_case<dense_probabilities<T>> {
  static constexpr char const* name = "kept";
  static dense_probabilities<T> make(cuda_workspace& memory) {
    return {memory.filled<T>(memory.rows() * heads * tokens)};
  }
};
template <class Format>
struct probabilities_of_case<coded_probabilities<Format>> {
  static constexpr char const* name = "kept as codes";
  static coded_probabilities<Format> make(cuda_workspace& memory) {
    index_t const count = memory.rows() * heads * tokens;
    return {reinterpret_cast<std::uint8_t*>(memory.filled<float>(divide_up(count, 4)))};
  }
};

/// @param size of a launch for so many heads
/// @param more makes what else the kernel is given
template <scalar T, class Arguments, class... More>
void add(std::string kernel, void (*function)(Arguments, attention_shape, More...),
         std::function<launch_size(index_t)> const& size, std::function<Arguments(cuda_workspace&)> make,
         std::type_identity_t<std::function<More(cuda_workspace&)>>... more) {
  kernel_cases().push_back({std::move(kernel), scalar_name<T>, width, reinterpret_cast<void const*>(function),
                            static_cast<int>(size(1).threads),
                            [=](cuda_workspace& memory) -> std::function<void()> {
                              auto const arguments = make(memory);
                              auto* const device = memory.device();
                              auto const launch = size(memory.sequences() * heads);
                              auto const others = std::tuple<More...>{more(memory)...};
                              return [=] {
                                std::apply(
                                    [&](auto const&... other) {
                                      kernels::detail::launch_attention(*device, function, launch, arguments, shape(),
                                                                        other...);
                                    },
                                    others);
                              };
                            },
                            static_cast<int>(size(1).shared_bytes)});
}
std::function<launch_size(index_t)> rows_launch(int bytes) {
  return [=](index_t count) { return kernels::detail::rows_launch(count, static_cast<int>(tokens), bytes); };
}
template <class Layout>
std::function<launch_size(index_t)> heads_launch() {
  return [](index_t count) { return kernels::detail::heads_launch<Layout>(count, static_cast<int>(tokens)); };
}

template <scalar T, class Kept>
void add_forward() {
  using arguments = attention_forward_arguments<T, Kept>;
  using probabilities = probabilities_of_case<Kept>;
  add<T, arguments>(
      std::string("attention_forward, probabilities ") + probabilities::name,
      &attention_forward_kernel<T, head_size, Kept, false>,
      rows_launch(attention_forward_layout<T, head_size, Kept>::bytes), [](cuda_workspace& memory) -> arguments {
        index_t const count = memory.rows() * width;
        constexpr index_t row = head_size * sizeof(T);
        count_head_rows(memory, Kept::stored ? 2 * row + 3 * blocks * row : 2 * row + 2 * blocks * row + sum_bytes);
        constexpr int columns = attention_forward_layout<T, head_size, Kept>::keys;
        memory.count_bytes(probability_bytes(memory, columns, Kept::element_bytes));
        count_products(memory, Kept::stored ? 3 : 2);
        auto const operand = [&] { return kernels::detail::rows_of<T>(memory.filled<T>(count), width); };
        return {operand(), operand(), operand(), probabilities::make(memory), memory.allocate<T>(count)};
      });
}

/// What the kernel of short sequences saves of its operands.
template <class Operands>
struct saved_of_case {
  static saved_operands<
      decltype(std::declval<typename Operands::template kept<bf16, width>>().template saved_in_pieces<head_size>())>
  make(cuda_workspace& memory) {
    auto const view = [&] {
      return memory.saved<Operands, bf16, width>(memory.rows()).template saved_in_pieces<head_size>();
    };
    auto const query = view();
    auto const key = view();
    return {query, key, view()};
  }
};
template <>
struct saved_of_case<stash::none> {
  static no_saved_operands make(cuda_workspace& /*memory*/) { return {}; }
};

template <class Operands>
void add_head_forward(std::string name) {
  using arguments = attention_forward_arguments<bf16, rebuilt_probabilities<float>>;
  using saved = decltype(saved_of_case<Operands>::make(std::declval<cuda_workspace&>()));
  add<bf16, arguments, saved>(
      std::move(name), &attention_head_forward_kernel<bf16, head_size, saved>,
      heads_launch<attention_head_forward_layout<bf16, head_size>>(),
      [](cuda_workspace& memory) -> arguments {
        index_t const count = memory.rows() * width;
        count_head_rows(memory, 4 * index_t{head_size * sizeof(bf16)} + sum_bytes);
        count_products(memory, 2);
        auto const operand = [&] { return kernels::detail::rows_of<bf16>(memory.filled<bf16>(count), width); };
        return {operand(), operand(), operand(), probabilities_of_case<rebuilt_probabilities<float>>::make(memory),
                memory.allocate<bf16>(count)};
      },
      &saved_of_case<Operands>::make);
}

template <scalar T, class Operands, class Kept>
void add_backward(std::string const& form) {
  using kept_stash = slimfit::detail::operand_stash_of<Operands, head_size>;
  using view = typename kept_stash::template kept<T, width>;
  using operand = decltype(kernels::detail::rows_of(std::declval<view>(), index_t{}));
  using arguments = attention_backward_arguments<T, operand, Kept>;
  using layout = attention_backward_layout<T, head_size, operand, Kept>;
  using probabilities = probabilities_of_case<Kept>;
  // What a row of a head takes as it is kept; of its scale a whole sector is read, which holds those of the next row if
  // the heads' scales are fewer.
  constexpr index_t row_kept = [] {
    if constexpr (requires { typename view::format_type; }) {
      return head_size * view::format_type::bits / 8 +
             lesser<index_t>(sector_bytes, view::row_scales * static_cast<index_t>(sizeof(bf16)));
    } else {
      return static_cast<index_t>(head_size * sizeof(T));
    }
  }();
  auto const make = [](auto const& count_least) {
    return [=](cuda_workspace& memory) -> arguments {
      index_t const count = memory.rows() * width;
      auto const kept = [&] {
        index_t const before = memory.bytes_least();
        auto const rows = kernels::detail::rows_of(memory.kept<kept_stash, T, width>(memory.rows()), width);
        memory.count_bytes(before - memory.bytes_least());  // counted below, as often as the tiling reads it
        return rows;
      };
      auto const query = kept();
      auto const key = kept();
      auto const value = kept();
      count_least(memory, index_t{head_size * sizeof(T)}, row_kept);
      auto const upstream = kernels::detail::rows_of<T>(memory.filled<T>(count), width);
      auto const gradient = [&] { return memory.allocate<T>(count); };
      return {query,
              key,
              value,
              upstream,
              probabilities::make(memory),
              memory.allocate<float>(memory.rows() * heads),
              gradient(),
              gradient(),
              gradient()};
    };
  };
  auto const name = std::string(", operands ") + form + ", probabilities " + probabilities::name;
  add<T, arguments>("attention_query_gradient" + name,
                    &attention_query_gradient_kernel<T, head_size, operand, Kept, false, false>,
                    rows_launch(layout::query_bytes), make([](cuda_workspace& memory, index_t row, index_t kept) {
                      count_head_rows(memory, Kept::stored ? kept + 2 * row + 3 * blocks * kept + sum_bytes
                                                           : kept + 2 * row + 4 * blocks * kept + 2 * sum_bytes);
                      memory.count_bytes(2 * probability_bytes(memory, layout::passing, Kept::element_bytes));
                      count_products(memory, Kept::stored ? 3 : 5);
                    }));
  add<T, arguments>(
      "attention_key_gradients" + name, &attention_key_gradients_kernel<T, head_size, operand, Kept, false>,
      rows_launch(layout::key_bytes), make([](cuda_workspace& memory, index_t row, index_t kept) {
        count_head_rows(memory, Kept::stored ? 2 * kept + 2 * row + blocks * (kept + row + sum_bytes)
                                             : 2 * kept + 2 * row + blocks * (kept + row + 2 * sum_bytes));
        memory.count_bytes(probability_bytes(memory, attention_rows, Kept::element_bytes));
        count_products(memory, Kept::stored ? 3 : 4);
      }));
  if constexpr (std::is_same_v<T, bf16> && !Kept::stored) {
    add<T, arguments>("attention_head_gradients, operands " + form,
                      &attention_head_gradients_kernel<T, head_size, operand>,
                      heads_launch<attention_head_gradients_layout<T, head_size>>(),
                      make([](cuda_workspace& memory, index_t row, index_t kept) {
                        count_head_rows(memory, 3 * kept + 4 * row + sum_bytes);
                        count_products(memory, 5);
                      }),
                      [](cuda_workspace& memory) -> column_sum_targets {
                        index_t const count = memory.sequences() * width;
                        memory.count_bytes(2 * count * static_cast<index_t>(sizeof(float)));
                        return {memory.allocate<float>(count), memory.allocate<float>(count)};
                      });
  }
}

[[maybe_unused]] bool const added = [] {
  cuda_cases{}.for_scalars([]<class T>() {
    using rebuilt = rebuilt_probabilities<float>;
    using codes = coded_probabilities<format::unsigned_fixed_point<8>>;
    add_forward<T, rebuilt>();
    add_forward<T, dense_probabilities<T>>();
    add_forward<T, codes>();
    if constexpr (std::is_same_v<T, bf16>) {
      add_head_forward<stash::none>("attention_head_forward");
      add_head_forward<slimfit::detail::operand_stash_of<stash::quantized_heads<8>, head_size>>(
          "attention_head_forward, saves affine<8>");
    }
    add_backward<T, stash::dense, rebuilt>("dense");
    add_backward<T, stash::quantized_heads<8>, rebuilt>("affine<8>");
    add_backward<T, stash::quantized<format::fixed_point<3, 4>>, codes>("fixed_point<3, 4>");
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
