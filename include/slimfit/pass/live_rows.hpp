// SPDX-License-Identifier: MIT
// Dead rows: where a head reads the first token of each sequence only, nothing needs the other rows of the last block
// once its attention has read them. Leaving them out changes no number that anybody reads.
#pragma once

#include <slimfit/kernels/token_rows.hpp>
#include <slimfit/pass/context.hpp>

namespace slimfit {

/// Which rows of a block's output somebody reads.
enum class live_rows : unsigned char {
  all,
  first  ///< the first of every sequence
};

/// The rows of `batch` that live, as a batch of its own.
constexpr sequence_batch live_part(sequence_batch const& batch, live_rows live) {
  return live == live_rows::first ? batch.first_tokens() : batch;
}

/// Overwrites `output` (sequences x Width) with the first row of each sequence of `rows`.
template <int Width, class Context, scalar T>
constexpr void gather_first_rows(Context& run, T const* rows, sequence_batch const& batch, T* output) {
  run.launch(batch.count(), kernels::gather_rows<Width, T>{rows, batch.where(), output});
}

/// Overwrites `output` (all rows): `first_rows` (sequences x Width) where sequences begin, else 0.
template <int Width, class Context, scalar T>
constexpr void spread_first_rows(Context& run, T const* first_rows, sequence_batch const& batch, T* output) {
  run.device.fill_zero(output, batch.rows() * Width);
  run.launch(batch.count(), kernels::scatter_rows<Width, T>{first_rows, batch.where(), output});
}

}  // namespace slimfit
