// SPDX-License-Identifier: MIT
// expect: slimfit: scaled<Format, Bits, Group>: the format must have scale_of(largest), which returns a Scale, encode_value(scaled), which returns a code, and template <class T> decode_value(code), which returns a T, all static and public, and where Scale is not bf16 template <class T> number_of(scale)
#include <slimfit/format/scaled.hpp>
#include <slimfit/stash/quantized.hpp>

using namespace slimfit;

struct own : format::scaled<own, 4, 32> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T value) {
    return value > T{} ? 1 : 0;
  }
};
bool const dense = stash::quantized<own>::is_dense;
