// SPDX-License-Identifier: MIT
// expect: slimfit: patch_embedding: the image's side must be a multiple of the patch's
#include <slimfit/layers/patch_embedding.hpp>
#include <slimfit/policy/chunk.hpp>

using namespace slimfit;

index_t const tokens = patch_embedding<30, 16, 3, 64, chunk::whole_batch, float>::tokens;
