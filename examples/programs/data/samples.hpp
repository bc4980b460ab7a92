// SPDX-License-Identifier: MIT
// Samples as training reads them, whatever files they come from.
#pragma once

#include <slimfit/core/config.hpp>
#include <string>

namespace examples {

using slimfit::index_t;

/// @tparam Input numbers that a network reads: float for pixels, std::int32_t for token ids
/// @tparam Label std::int32_t for classes and places, float for scores
template <class Input, class Label>
class sample_source {
 public:
  sample_source() = default;
  sample_source(sample_source const&) = delete;
  sample_source& operator=(sample_source const&) = delete;
  virtual ~sample_source() = default;

  [[nodiscard]] virtual index_t size() const = 0;
  /// Writes what the network reads of sample `i`, and its label or labels. May be called by several threads.
  /// @param epoch pass over the data, for sources that show a sample differently in each
  virtual void fill(index_t i, index_t epoch, Input* inputs, Label* labels) const = 0;
  /// Tokens of sample `i`; samples of the same length make batches without padding.
  [[nodiscard]] virtual index_t length(index_t /*i*/) const { return 1; }
  /// The same for the same samples in the same order, and as good as never for others.
  [[nodiscard]] virtual std::string checksum() const = 0;
};

}  // namespace examples
