// SPDX-License-Identifier: MIT
// expect: slimfit: scaled<Format, Bits, Group, Scale>: Scale must be bf16, std::uint8_t or std::uint16_t
#include <slimfit/format/scaled.hpp>

using namespace slimfit;

struct own : format::scaled<own, 4, 32, float> {};
own const format_of_mine{};
