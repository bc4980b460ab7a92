// SPDX-License-Identifier: MIT
// expect: slimfit: elementwise<Format, Bits>: the format must have encode_value(value), which returns a code, and template <class T> decode_value(code), which returns a T, both static and public
#include <slimfit/format/elementwise.hpp>
#include <slimfit/stash/quantized.hpp>

using namespace slimfit;

struct own : format::elementwise<own, 4> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T value) {
    return value > T{} ? 1 : 0;
  }
};
bool const dense = stash::quantized<own>::is_dense;
