// SPDX-License-Identifier: MIT
// expect: slimfit: scaled<Format, Bits, Group>: Bits must be 1, 2, 3, 4 or 8
#include <slimfit/format/scaled.hpp>

using namespace slimfit;

struct own : format::scaled<own, 5, 32> {};
own const format_of_mine{};
