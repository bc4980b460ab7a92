// SPDX-License-Identifier: MIT
// The arrays of state that an optimizer keeps of one parameter, in one block of memory: what they are called in
// checkpoints, of what type they are, where they begin. Plans count their bytes.
#pragma once

#include <array>
#include <string>

#include <slimfit/core/error.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/kernels/moment_code.hpp>

namespace slimfit {

/// One array of optimizer state, where the backend keeps it: a slice of it where ranks share it, see `sliced_state`.
/// @tparam C float, double or std::uint8_t
template <class C>
struct state_array {
  std::string name;  ///< e.g. "12.first_moment"
  C* data = nullptr;
  index_t count = 0;
  index_t first = 0;  ///< element of the whole array
  index_t whole = 0;  ///< elements of that
  index_t each = 0;   ///< elements of the first rank's slice
};

/// What the elements of an array are.
enum class state_kind : unsigned char {
  number,  ///< the type that arithmetic on the weights is in
  scale,   ///< float
  code     ///< std::uint8_t
};

/// @tparam T of the weights
template <scalar T>
class state_layout {
 public:
  using value_type = compute_type<T>;

  constexpr void add(char const* name, state_kind kind, index_t count) {
    parts_[static_cast<std::size_t>(size_++)] = {name, kind, {0, count}, count, count, bytes_};
    bytes_ += round_up(count * element_bytes(kind), 64);
  }
  /// Leaves of all arrays what belongs to the elements `slice` of the parameter. @param each elements of a rank's slice
  constexpr void cut(gradient_part const& slice, index_t each) {
    bytes_ = 0;
    for (int i = 0; i < size_; ++i) {
      auto& array = parts_[static_cast<std::size_t>(i)];
      index_t const shared = array.kind == state_kind::scale ? moment_block : 1;  // elements of the parameter
      array.kept = {slice.first / shared, divide_up(slice.count, shared)};
      array.each = divide_up(each, shared);
      array.offset = bytes_;
      bytes_ += round_up(array.kept.count * element_bytes(array.kind), 64);
    }
  }
  [[nodiscard]] constexpr index_t bytes() const { return bytes_; }

  /// Array `i` of a block that begins at `block`, by the parameter's elements: of a slice only its own are there.
  template <class C>
  [[nodiscard]] C* array(std::byte* block, int i) const {
    return kept<C>(block, i) - parts_[static_cast<std::size_t>(i)].kept.first;
  }
  /// Calls `body(state_array)` for each array.
  /// @param prefix of their names
  template <class Body>
  void for_each(std::byte* block, std::string const& prefix, Body const& body) const {
    for (int i = 0; i < size_; ++i) {
      auto const& each = parts_[static_cast<std::size_t>(i)];
      auto const give = [&]<class C>(C* data) {
        body(state_array<C>{prefix + each.name, data, each.kept.count, each.kept.first, each.whole, each.each});
      };
      switch (each.kind) {
        case state_kind::number:
          give(kept<value_type>(block, i));
          break;
        case state_kind::scale:
          give(kept<float>(block, i));
          break;
        case state_kind::code:
          give(kept<std::uint8_t>(block, i));
          break;
      }
    }
  }

 private:
  struct part {
    char const* name = nullptr;
    state_kind kind = state_kind::number;
    gradient_part kept;
    index_t whole = 0;
    index_t each = 0;
    index_t offset = 0;
  };
  static constexpr int most = 5;

  template <class C>
  [[nodiscard]] C* kept(std::byte* block, int i) const {
    return reinterpret_cast<C*>(block + parts_[static_cast<std::size_t>(i)].offset);
  }

  static constexpr index_t element_bytes(state_kind kind) {
    switch (kind) {
      case state_kind::number:
        return sizeof(value_type);
      case state_kind::scale:
        return sizeof(float);
      default:
        return 1;
    }
  }

  std::array<part, most> parts_{};
  int size_ = 0;
  index_t bytes_ = 0;
};

}  // namespace slimfit
