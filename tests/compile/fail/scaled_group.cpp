// SPDX-License-Identifier: MIT
// expect: slimfit: scaled<Format, Bits, Group>: Group must be a power of two from 8, e.g. 32
#include <slimfit/format/scaled.hpp>

using namespace slimfit;

struct own : format::scaled<own, 4, 12> {};
own const format_of_mine{};
