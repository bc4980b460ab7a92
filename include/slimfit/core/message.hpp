// SPDX-License-Identifier: MIT
// Messages of exceptions, put together by one function that is compiled once: the many places that may throw only list
// the parts. Sums of strings at each of them took compilers a tenth of a program's time.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Text or a number. It looks at the text, which must live as long as it does.
class message_part {
 public:
  constexpr message_part(char const* text) : message_part(std::string_view(text)) {}                    // NOLINT
  constexpr message_part(std::string_view text) : kind_(kind::text), text_(text) {}                     // NOLINT
  message_part(std::string const& text) : message_part(std::string_view(text)) {}                       // NOLINT
  constexpr message_part(std::floating_point auto value) : kind_(kind::real), real_(value) {}           // NOLINT
  constexpr message_part(std::signed_integral auto value) : kind_(kind::integer), integer_(value) {}    // NOLINT
  constexpr message_part(std::unsigned_integral auto value) : kind_(kind::natural), natural_(value) {}  // NOLINT

  /// Numbers as std::to_string writes them, NaN without its sign, which says nothing.
  SLIMFIT_COLD void append_to(std::string& message) const {
    switch (kind_) {
      case kind::text:
        message += text_;
        break;
      case kind::integer:
        message += std::to_string(integer_);
        break;
      case kind::natural:
        message += std::to_string(natural_);
        break;
      case kind::real:
        message += real_ == real_ ? std::to_string(real_) : "nan";
        break;
    }
  }

 private:
  enum class kind : unsigned char { text, integer, natural, real };
  kind kind_;
  union {
    std::string_view text_;
    std::int64_t integer_;
    std::uint64_t natural_;
    double real_;
  };
};

/// All parts, one after the other.
[[nodiscard]] SLIMFIT_COLD inline std::string joined(std::initializer_list<message_part> parts) {
  std::string message;
  for (auto const& part : parts) { part.append_to(message); }
  return message;
}

}  // namespace slimfit
