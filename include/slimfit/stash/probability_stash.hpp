// SPDX-License-Identifier: MIT
// What attention keeps of its probabilities: all of them, 8-bit codes of them (both of size tokens x tokens), or only
// each row's log-sum-exp, from which the backward pass rebuilds them (Dao et al., "FlashAttention", 2022). They are
// read and written a block of queries at a time, inside the task of one head. Rows are counted over all heads of all
// sequences; a row has a column for every token of the longest sequence, of which the keys of its own are used.
#pragma once

#include <cstdint>

#include <slimfit/format/storage_format.hpp>
#include <slimfit/stash/matrix_stash.hpp>

namespace slimfit::stash {

namespace detail {
/// `count` elements for each of `rows` rows; nothing for inference.
template <class Element>
constexpr kept_array<Element> keep_rows(arena& memory, index_t rows, index_t count, unit_state state) {
  return keep_some<Element>(memory, state == unit_state::inference ? 0 : rows * count, category::static_activations);
}
template <class Format>
struct checked_probabilities {
  static_assert(
      requires(float value, std::uint8_t code) {
        { Format::encode_value(value) } -> std::same_as<std::uint8_t>;
        { Format::template decode_value<float>(code) } -> std::same_as<float>;
        requires Format::bits == 8 && !format::draws_random<Format>;
      },
      "slimfit: probabilities_quantized<Format>: Format must code each value by itself in 8 bits, e.g. "
      "format::unsigned_fixed_point<8>");
};
}  // namespace detail

/// Every probability as computed.
struct probabilities_dense {
  template <scalar T>
  struct kept {
    static constexpr bool recomputes = false;
    using value_type = compute_type<T>;
    static constexpr bool in_place = std::same_as<T, value_type>;
    kept_array<T> values{};

    /// Where the forward pass computes the scores of queries from `first` on: in place, or in `scratch`.
    value_type* target(index_t first, index_t columns, value_type* scratch) const {
      if constexpr (in_place) { return values.data != nullptr ? values.data + first * columns : scratch; }
      return scratch;
    }
    /// Called when the probabilities of query `row` and its keys lie in the target.
    void save([[maybe_unused]] index_t row, [[maybe_unused]] index_t columns, [[maybe_unused]] index_t keys,
              [[maybe_unused]] value_type const* probabilities, value_type /*log_sum_exp*/) const {
      if constexpr (!in_place) {
        if (values.data == nullptr) { return; }
        T* const target = values.data + row * columns;
        SLIMFIT_SIMD()
        for (index_t i = 0; i < keys; ++i) { target[i] = T(probabilities[i]); }
      }
    }
    /// The probabilities of `rows` queries.
    value_type const* restore(index_t first, [[maybe_unused]] index_t rows, index_t columns,
                              [[maybe_unused]] index_t keys, [[maybe_unused]] value_type* scratch) const {
      if constexpr (in_place) {
        return values.data + first * columns;
      } else {
        for (index_t row = 0; row < rows; ++row) {
          T const* const source = values.data + (first + row) * columns;
          value_type* const target = scratch + row * columns;
          SLIMFIT_SIMD()
          for (index_t i = 0; i < keys; ++i) { target[i] = static_cast<value_type>(source[i]); }
        }
        return scratch;
      }
    }
    /// The part from row `row` on.
    [[nodiscard]] constexpr kept rows_from(index_t row, index_t columns) const {
      return {detail::from(values, row * columns)};
    }
  };

  template <scalar T>
  static constexpr kept<T> keep(arena& memory, index_t rows, index_t columns, unit_state state) {
    return {detail::keep_rows<T>(memory, rows, columns, state)};
  }
  template <scalar T>
  static constexpr void release(arena& memory, kept<T> const& kept) {
    detail::release_some(memory, kept.values);
  }
};

/// Probabilities in a format whose codes are single bytes, e.g. `format::unsigned_fixed_point<8>`.
template <class Format>
struct probabilities_quantized : private detail::checked_probabilities<Format> {
  template <scalar T>
  struct kept {
    using format_type = Format;
    static constexpr bool recomputes = false;
    using value_type = compute_type<T>;
    kept_array<std::uint8_t> codes{};

    value_type* target(index_t /*first*/, index_t /*columns*/, value_type* scratch) const { return scratch; }
    void save(index_t row, index_t columns, index_t keys, value_type const* probabilities,
              value_type /*log_sum_exp*/) const {
      if (codes.data == nullptr) { return; }
      auto* const target = codes.data + row * columns;
      SLIMFIT_SIMD()
      for (index_t i = 0; i < keys; ++i) { target[i] = Format::encode_value(probabilities[i]); }
    }
    value_type const* restore(index_t first, index_t rows, index_t columns, index_t keys, value_type* scratch) const {
      for (index_t row = 0; row < rows; ++row) {
        auto const* const source = codes.data + (first + row) * columns;
        value_type* const target = scratch + row * columns;
        SLIMFIT_SIMD()
        for (index_t i = 0; i < keys; ++i) { target[i] = Format::template decode_value<value_type>(source[i]); }
      }
      return scratch;
    }
    [[nodiscard]] constexpr kept rows_from(index_t row, index_t columns) const {
      return {detail::from(codes, row * columns)};
    }
  };

  template <scalar T>
  static constexpr kept<T> keep(arena& memory, index_t rows, index_t columns, unit_state state) {
    return {detail::keep_rows<std::uint8_t>(memory, rows, columns, state)};
  }
  template <scalar T>
  static constexpr void release(arena& memory, kept<T> const& kept) {
    detail::release_some(memory, kept.codes);
  }
};

/// One log-sum-exp per query and head: nothing of size tokens x tokens is stored.
struct probabilities_recomputed {
  template <scalar T>
  struct kept {
    static constexpr bool recomputes = true;
    using value_type = compute_type<T>;
    kept_array<value_type> log_sums{};

    value_type* target(index_t /*first*/, index_t /*columns*/, value_type* scratch) const { return scratch; }
    void save(index_t row, index_t /*columns*/, index_t /*keys*/, value_type const* /*probabilities*/,
              value_type log_sum_exp) const {
      if (log_sums.data != nullptr) { log_sums.data[row] = log_sum_exp; }
    }
    [[nodiscard]] value_type log_sum_exp(index_t row) const { return log_sums.data[row]; }
    [[nodiscard]] constexpr kept rows_from(index_t row, index_t /*columns*/) const {
      return {detail::from(log_sums, row)};
    }
  };

  template <scalar T>
  static constexpr kept<T> keep(arena& memory, index_t rows, index_t /*columns*/, unit_state state) {
    return {detail::keep_rows<compute_type<T>>(memory, rows, 1, state)};
  }
  template <scalar T>
  static constexpr void release(arena& memory, kept<T> const& kept) {
    detail::release_some(memory, kept.log_sums);
  }
};

}  // namespace slimfit::stash
