// SPDX-License-Identifier: MIT
// What an optimizer's updates measured: sums that its kernels leave in the backend's memory, and their way to the host.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <slimfit/freezing/unit_statistics.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/kernels/update_sums.hpp>

namespace slimfit {

using freezing::unit_statistics;

/// What the sums over a parameter of `count` elements say. Neither number is finite where a gradient or its update was
/// not.
inline unit_statistics statistics_of(update_sums const& total, index_t count) {
  double const norm = std::sqrt(total.squared_gradient);
  if (!total.is_finite()) { return {norm, norm}; }
  double const elements = count > 0 ? static_cast<double>(count) : 1.0;
  // Weights near 0 may have moved by more than numbers can say.
  return {std::clamp(total.relative_change, 0.0, std::numeric_limits<double>::max()) / elements, norm};
}

/// One `update_sums` per parameter.
template <class Backend>
class update_statistics {
 public:
  /// @throws memory_error
  update_statistics(Backend& backend, index_t parameters)
      : backend_(&backend), totals_(backend.memory(), parameters, category::workspace) {
    backend.fill_zero(totals_.data(), totals_.size());
    way_.reserve(parameters);
  }

  /// Where kernels write the sums of a parameter, in the backend's memory.
  [[nodiscard]] update_sums* of(index_t parameter) { return totals_.data() + parameter; }
  /// Enqueues the copy of all sums to the host.
  void request() { way_.request(*backend_, totals_.data(), totals_.size()); }
  /// Waits for what was requested last.
  void collect() { collected_ = way_.wait(); }
  /// The sums of a parameter as of the last collection. @throws usage_error before the first one
  [[nodiscard]] update_sums const& collected(index_t parameter) const {
    if (collected_.empty()) { throw usage_error("slimfit: optimizer: statistics are read before they were collected"); }
    return collected_[static_cast<std::size_t>(parameter)];
  }
  /// Adds the bytes of the sums to `held`.
  void add_to(byte_counts& held) const { totals_.add_to(held); }

 private:
  Backend* backend_;
  buffer<update_sums, typename Backend::resource_type> totals_;
  typename Backend::template readback<update_sums> way_;
  std::span<update_sums const> collected_;
};

}  // namespace slimfit
