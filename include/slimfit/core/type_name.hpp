// SPDX-License-Identifier: MIT
// A type's name as the compiler writes it, for what programs print about types of their own.
#pragma once

#include <string>
#include <string_view>

namespace slimfit {

namespace detail {
template <class T>
char const* signature_with() {
  return __PRETTY_FUNCTION__;
}
}  // namespace detail

/// e.g. "my_policy"; compilers differ in how they write namespaces and template arguments.
template <class T>
std::string type_name() {
  std::string_view const text = detail::signature_with<T>();
  auto const begin = text.find("T = ") + 4;
  return std::string(text.substr(begin, text.find_last_of(']') - begin));
}

}  // namespace slimfit
