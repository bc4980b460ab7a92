// SPDX-License-Identifier: MIT
// Models from and to the folders that Hugging Face's `transformers` reads and writes: see docs/pretrained.md.
#pragma once

#include <slimfit/huggingface/config.hpp>
#include <slimfit/huggingface/load.hpp>
#include <slimfit/huggingface/names.hpp>
#include <slimfit/huggingface/position_table.hpp>
#include <slimfit/huggingface/save.hpp>
#include <slimfit/huggingface/shape_text.hpp>
