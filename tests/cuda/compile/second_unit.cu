// SPDX-License-Identifier: MIT
// One program of two translation units that use the same kernels.
#include <slimfit/slimfit.hpp>

float filled_by_other_unit(slimfit::cuda& device) {
  constexpr int width = 64;
  slimfit::buffer<float, slimfit::cuda_resource> const row(device.memory(), width, slimfit::category::data);
  std::vector<float> values(width, 2.0F);
  device.copy(values.data(), row.data(), width);
  device.launch(1, slimfit::kernels::broadcast_bias<width, float>{row.data(), row.data(), row.data()});
  device.copy(row.data(), values.data(), width);
  return values.back();
}
