// SPDX-License-Identifier: MIT
// Files: safetensors, JSON, checksums.
#pragma once

#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/checksums.hpp>
#include <slimfit/io/crc32.hpp>
#include <slimfit/io/dtype.hpp>
#include <slimfit/io/foreign_file.hpp>
#include <slimfit/io/json_cursor.hpp>
#include <slimfit/io/json_string.hpp>
#include <slimfit/io/mapped_file.hpp>
#include <slimfit/io/safetensors.hpp>
#include <slimfit/io/safetensors_reader.hpp>
#include <slimfit/io/safetensors_shards.hpp>
#include <slimfit/io/safetensors_writer.hpp>
#include <slimfit/io/temporary_file.hpp>
#include <slimfit/io/tensor_names.hpp>
#include <slimfit/io/utf8.hpp>
