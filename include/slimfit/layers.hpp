// SPDX-License-Identifier: MIT
// All layers and blocks.
#pragma once

#include <slimfit/layers/attention.hpp>
#include <slimfit/layers/block.hpp>
#include <slimfit/layers/chain.hpp>
#include <slimfit/layers/class_token_head.hpp>
#include <slimfit/layers/dropout.hpp>
#include <slimfit/layers/element_layer.hpp>
#include <slimfit/layers/embedding.hpp>
#include <slimfit/layers/find_kept.hpp>
#include <slimfit/layers/first_token_norm.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/layer_scale.hpp>
#include <slimfit/layers/linear.hpp>
#include <slimfit/layers/losses.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/layers/offloaded_blocks.hpp>
#include <slimfit/layers/output_norm_block.hpp>
#include <slimfit/layers/patch_embedding.hpp>
#include <slimfit/layers/policy_stack.hpp>
#include <slimfit/layers/pooled_head.hpp>
#include <slimfit/layers/pooler_head.hpp>
#include <slimfit/layers/post_norm_block.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/layers/projections.hpp>
#include <slimfit/layers/recomputed_block.hpp>
#include <slimfit/layers/residual_half.hpp>
#include <slimfit/layers/residual_linear.hpp>
#include <slimfit/layers/row_layer.hpp>
#include <slimfit/layers/row_loss.hpp>
#include <slimfit/layers/self_attention.hpp>
#include <slimfit/layers/span_head.hpp>
#include <slimfit/layers/stack.hpp>
