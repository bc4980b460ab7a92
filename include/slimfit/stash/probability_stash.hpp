// SPDX-License-Identifier: MIT
// What attention keeps of its probabilities: all of them, 8-bit codes of them (both of size tokens x tokens), or only
// each row's log-sum-exp, from which the backward pass rebuilds them (Dao et al., "FlashAttention", 2022).
#pragma once

#include <cstdint>

#include <slimfit/memory/arena.hpp>
#include <slimfit/stash/matrix_stash.hpp>

namespace slimfit::stash {

namespace detail {
/// Index of the first row of head `head` when every head has `tokens` rows.
constexpr index_t first_row(index_t head, index_t tokens) { return head * tokens; }
}  // namespace detail

/// Every probability as computed: `tokens` values per query and head.
struct probabilities_dense {
  static constexpr bool is_recomputed = false;

  template <scalar T>
  struct kept {
    static constexpr bool recomputes = false;
    T* data = nullptr;
    kept_array<T> storage{};

    /// Where the forward pass computes the scores of queries from `first` on: in place.
    T* target(index_t first, index_t tokens, T* scratch) const {
      return data != nullptr ? data + first * tokens : scratch;
    }
    void save(index_t /*row*/, index_t /*tokens*/, T const* /*values*/, T /*log_sum_exp*/) const {}
    T const* restore(index_t first, index_t /*rows*/, index_t tokens, T* /*scratch*/) const {
      return data + first * tokens;
    }
    /// The part of head `head`, counted over all sequences.
    [[nodiscard]] constexpr kept head(index_t head, index_t tokens) const {
      return {advance(data, detail::first_row(head, tokens) * tokens), storage};
    }
  };

  template <scalar T>
  static constexpr kept<T> keep(arena& memory, index_t heads, index_t tokens, unit_state state) {
    if (state == unit_state::inference) { return {}; }
    auto const storage = memory.keep<T>(heads * tokens * tokens, category::static_activations);
    return {storage.data, storage};
  }
  template <scalar T>
  static constexpr void release(arena& memory, kept<T> const& kept) {
    memory.release(kept.storage);
  }
};

/// Probabilities in a format whose codes are single bytes, e.g. `format::unsigned_fixed_point<8>`.
template <class Format>
struct probabilities_quantized {
  static_assert(Format::bits == 8, "slimfit: probabilities_quantized<Format>: Format must have 8 bits");
  static constexpr bool is_recomputed = false;

  template <scalar T>
  struct kept {
    static constexpr bool recomputes = false;
    std::uint8_t* data = nullptr;
    kept_array<std::uint8_t> storage{};

    T* target(index_t /*first*/, index_t /*tokens*/, T* scratch) const { return scratch; }
    void save(index_t row, index_t tokens, T const* values, T /*log_sum_exp*/) const {
      if (data == nullptr) { return; }
      auto* const codes = data + row * tokens;
#pragma omp simd
      for (index_t i = 0; i < tokens; ++i) { codes[i] = Format::encode_value(values[i]); }
    }
    T const* restore(index_t first, index_t rows, index_t tokens, T* scratch) const {
      auto const* const codes = data + first * tokens;
#pragma omp simd
      for (index_t i = 0; i < rows * tokens; ++i) { scratch[i] = Format::template decode_value<T>(codes[i]); }
      return scratch;
    }
    [[nodiscard]] constexpr kept head(index_t head, index_t tokens) const {
      return {advance(data, detail::first_row(head, tokens) * tokens), storage};
    }
  };

  template <scalar T>
  static constexpr kept<T> keep(arena& memory, index_t heads, index_t tokens, unit_state state) {
    if (state == unit_state::inference) { return {}; }
    auto const storage = memory.keep<std::uint8_t>(heads * tokens * tokens, category::static_activations);
    return {storage.data, storage};
  }
  template <scalar T>
  static constexpr void release(arena& memory, kept<T> const& kept) {
    memory.release(kept.storage);
  }
};

/// One log-sum-exp per query and head: nothing of size tokens x tokens is stored.
struct probabilities_recomputed {
  static constexpr bool is_recomputed = true;

  template <scalar T>
  struct kept {
    static constexpr bool recomputes = true;
    using value_type = compute_type<T>;
    value_type* data = nullptr;
    kept_array<value_type> storage{};

    T* target(index_t /*first*/, index_t /*tokens*/, T* scratch) const { return scratch; }
    void save(index_t row, index_t /*tokens*/, T const* /*values*/, T log_sum_exp) const {
      if (data != nullptr) { data[row] = log_sum_exp; }
    }
    [[nodiscard]] T log_sum_exp(index_t row) const { return data[row]; }
    [[nodiscard]] constexpr kept head(index_t head, index_t tokens) const {
      return {advance(data, detail::first_row(head, tokens)), storage};
    }
  };

  template <scalar T>
  static constexpr kept<T> keep(arena& memory, index_t heads, index_t tokens, unit_state state) {
    if (state == unit_state::inference) { return {}; }
    auto const storage = memory.keep<compute_type<T>>(heads * tokens, category::static_activations);
    return {storage.data, storage};
  }
  template <scalar T>
  static constexpr void release(arena& memory, kept<T> const& kept) {
    memory.release(kept.storage);
  }
};

}  // namespace slimfit::stash
