// SPDX-License-Identifier: MIT
// A number format of one's own: two functions for one element, the library does the rest (packing, rows, lanes, bytes
// in plans). This one keeps a sign and a power of two in 4 bits: 0, and from 1/16 to 4. SLIMFIT_HD marks functions that
// run on the host and on devices.
#include <cmath>

#include "extending/train.hpp"

namespace {

struct powers_of_two : slimfit::format::elementwise<powers_of_two, 4> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T value) {
    T const magnitude = std::abs(value);
    int level = 0;  // the number of thresholds passed: each lies 1.5 times above the level below it
    for (T threshold = T{3} / 64; level < 7 && magnitude >= threshold; threshold *= 2) { ++level; }
    return static_cast<std::uint8_t>(level | (value < 0 ? 8 : 0));
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    int const level = code & 7;
    T const magnitude = level == 0 ? T{} : static_cast<T>(1 << level) / 32;
    return (code & 8) != 0 ? -magnitude : magnitude;
  }
};
static_assert(slimfit::format::storage_format<powers_of_two>);

struct my_policy : slimfit::policy::slim {
  using norm = slimfit::stash::layer_norm_normalized<slimfit::stash::quantized<powers_of_two>>;
};

}  // namespace

int main() { return extending::train<slimfit::vit<extending::shape, my_policy, slimfit::host>>("own format"); }
