// SPDX-License-Identifier: MIT
// Element types of tensors in files, and their conversion to and from the library's scalars.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <slimfit/core/scalar.hpp>

namespace slimfit {

static_assert(std::endian::native == std::endian::little, "slimfit: file formats here need a little-endian machine");

/// Element types by their names in safetensors files: F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL.
enum class dtype : unsigned char { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean, unknown };

namespace detail {
struct dtype_fact {
  dtype type;
  std::string_view name;
  index_t bytes;
};
inline constexpr dtype_fact dtype_facts[] = {{dtype::f64, "F64", 8},     {dtype::f32, "F32", 4}, {dtype::f16, "F16", 2},
                                             {dtype::bf16, "BF16", 2},   {dtype::i64, "I64", 8}, {dtype::i32, "I32", 4},
                                             {dtype::i16, "I16", 2},     {dtype::i8, "I8", 1},   {dtype::u8, "U8", 1},
                                             {dtype::boolean, "BOOL", 1}};
}  // namespace detail

/// Name in files; empty for `unknown`.
constexpr std::string_view dtype_name(dtype type) {
  return type == dtype::unknown ? std::string_view{} : detail::dtype_facts[static_cast<std::size_t>(type)].name;
}
/// Bytes of an element; 0 for `unknown`.
constexpr index_t dtype_bytes(dtype type) {
  return type == dtype::unknown ? 0 : detail::dtype_facts[static_cast<std::size_t>(type)].bytes;
}
/// `unknown` for a name that is none of them.
constexpr dtype dtype_of_name(std::string_view name) {
  for (auto const& fact : detail::dtype_facts) {
    if (fact.name == name) { return fact.type; }
  }
  return dtype::unknown;
}
/// Whether numbers of this type have a fraction.
constexpr bool is_floating(dtype type) { return type <= dtype::bf16; }

/// Calls `f(T{})` with the C++ type of `type`; `bool` is stored as a byte.
/// @return whether the type is known
template <class F>
constexpr bool with_dtype(dtype type, F const& f) {
  switch (type) {
    case dtype::f64:
      f(double{});
      return true;
    case dtype::f32:
      f(float{});
      return true;
    case dtype::f16:
      f(float16{});
      return true;
    case dtype::bf16:
      f(bf16{});
      return true;
    case dtype::i64:
      f(std::int64_t{});
      return true;
    case dtype::i32:
      f(std::int32_t{});
      return true;
    case dtype::i16:
      f(std::int16_t{});
      return true;
    case dtype::i8:
      f(std::int8_t{});
      return true;
    case dtype::u8:
    case dtype::boolean:
      f(std::uint8_t{});
      return true;
    case dtype::unknown:
      break;
  }
  return false;
}

/// What tensors can be converted to and from: float, double, bf16, float16, or an integer type.
template <class T>
concept tensor_element = scalar<T> || std::same_as<T, float16> ||(std::integral<T> && !std::same_as<T, bool>);

template <class T>
inline constexpr bool is_floating_element = scalar<T> || std::same_as<T, float16>;

/// Converts within the floating types (rounding to nearest even, beyond the range to infinity) or within the integers.
template <tensor_element To, tensor_element From>
requires(is_floating_element<To> == is_floating_element<From>) constexpr To convert_element(From value) {
  if constexpr (std::same_as<To, From>) {
    return value;
  } else if constexpr (std::floating_point<To> && std::floating_point<From>) {
    return static_cast<To>(value);
  } else if constexpr (is_floating_element<To>) {
    return static_cast<To>(static_cast<float>(value));  // the 16-bit types convert from and to float
  } else {
    return static_cast<To>(value);
  }
}

/// Whether a floating number is neither infinite nor NaN.
template <tensor_element T>
requires is_floating_element<T>
bool is_finite_element(T value) { return std::isfinite(convert_element<double>(value)); }

}  // namespace slimfit
