// SPDX-License-Identifier: MIT
// All row kernels, and attention on the host.
#pragma once

#include <slimfit/kernels/activation.hpp>
#include <slimfit/kernels/bias.hpp>
#include <slimfit/kernels/center_keys.hpp>
#include <slimfit/kernels/cross_entropy.hpp>
#include <slimfit/kernels/dropout.hpp>
#include <slimfit/kernels/element_function.hpp>
#include <slimfit/kernels/embedding.hpp>
#include <slimfit/kernels/gelu.hpp>
#include <slimfit/kernels/host/attention_engine.hpp>
#include <slimfit/kernels/host/softmax.hpp>
#include <slimfit/kernels/layer_norm.hpp>
#include <slimfit/kernels/layer_scale.hpp>
#include <slimfit/kernels/patches.hpp>
#include <slimfit/kernels/pooling.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/row_blocks.hpp>
#include <slimfit/kernels/row_function.hpp>
#include <slimfit/kernels/row_loss.hpp>
#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/kernels/saturation.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/kernels/span_cross_entropy.hpp>
#include <slimfit/kernels/squared_error.hpp>
#include <slimfit/kernels/tanh.hpp>
#include <slimfit/kernels/token_rows.hpp>
