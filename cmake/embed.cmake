# SPDX-License-Identifier: MIT
# slimfit_embed(HEADER NAME FILES...): writes a header with the bytes of all FILES, one after another, as the constant
# `std::string_view NAME`. Bytes are written as numbers, so that no quote, semicolon, `@` or length in a file matters.
function(slimfit_embed header name)
  set(bytes "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} part HEX)
    string(APPEND bytes "${part}")
  endforeach()
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  file(CONFIGURE OUTPUT ${header} CONTENT [=[
#pragma once
#include <string_view>
inline constexpr char @name@_bytes[] = {@bytes@};
inline constexpr std::string_view @name@{@name@_bytes, sizeof @name@_bytes};
]=] @ONLY)
endfunction()
