// SPDX-License-Identifier: MIT
// Policies that code one operator alone, for bench/candidates.sh: what each costs beside `exact`.
#pragma once

#include <slimfit/policy/changes.hpp>
#include <slimfit/policy/presets.hpp>

namespace slimfit::policy {

struct norms_8bit : changed<exact, coded_norms<8>> {};
struct norms_4bit : changed<exact, coded_norms<4>> {};
struct norms_2bit : changed<exact, coded_norms<2>> {};
struct gelu_8bit : changed<exact, coded_gelu<8>> {};
struct gelu_4bit : changed<exact, coded_gelu<4>> {};
struct gelu_2bit : changed<exact, coded_gelu<2>> {};
struct attention_8bit : changed<exact, coded_attention<8>> {};
struct block_inputs_8bit : changed<exact, with_blocks<blocks::recompute_all<stash::quantized<format::affine<8, 64>>>>> {
};

}  // namespace slimfit::policy
