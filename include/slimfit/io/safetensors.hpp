// SPDX-License-Identifier: MIT
// Reading and writing safetensors files (https://github.com/huggingface/safetensors).
#pragma once

#include <slimfit/io/safetensors_reader.hpp>
#include <slimfit/io/safetensors_shards.hpp>
#include <slimfit/io/safetensors_writer.hpp>
