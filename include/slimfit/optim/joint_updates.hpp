// SPDX-License-Identifier: MIT
// Updates of several parameters by two launches: the kernels of one, their sums the other.
#pragma once

#include <array>

#include <slimfit/backend/launch_together.hpp>
#include <slimfit/optim/kernels/update_totals.hpp>

namespace slimfit::detail {

/// @tparam Kernel an optimizer's
template <class Kernel>
struct joint_updates {
  static constexpr auto most = static_cast<std::size_t>(add_joint_update_sums::most);
  std::array<kernel_rows<Kernel>, most> kernels{};
  std::array<index_t, most> parameters{};
  add_joint_update_sums totals{};
  index_t used_sums = 0;  ///< of the optimizer's partial sums

  /// Whether an update with so many partial sums can be added, of `all` that there are.
  [[nodiscard]] bool has_room(index_t sums, index_t all) const {
    return totals.count < add_joint_update_sums::most && used_sums + sums <= all;
  }
  void add(kernel_rows<Kernel> const& kernel, add_joint_update_sums::part const& total, index_t parameter) {
    auto const place = static_cast<std::size_t>(totals.count++);
    kernels[place] = kernel;
    totals.parts[place] = total;
    parameters[place] = parameter;
    used_sums += kernel.rows;
  }
  [[nodiscard]] std::span<kernel_rows<Kernel> const> launches() const {
    return {kernels.data(), static_cast<std::size_t>(totals.count)};
  }
  void clear() {
    totals.count = 0;
    used_sums = 0;
  }
};

}  // namespace slimfit::detail
