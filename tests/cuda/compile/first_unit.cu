// SPDX-License-Identifier: MIT
// One program of two translation units that use the same kernels.
#include <slimfit/slimfit.hpp>

float filled_by_other_unit(slimfit::cuda& device);

float filled(slimfit::cuda& device) {
  constexpr int width = 64;
  slimfit::buffer<float, slimfit::cuda_resource> const row(device.memory(), width, slimfit::category::data);
  std::vector<float> values(width, 2.0F);
  device.copy(values.data(), row.data(), width);
  device.launch(1, slimfit::kernels::broadcast_bias<width, float>{row.data(), row.data(), row.data()});
  device.copy(row.data(), values.data(), width);
  return values.back();
}

int main() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) { return 77; }
  slimfit::cuda device;
  return filled(device) == 4.0F && filled_by_other_unit(device) == 4.0F ? 0 : 1;
}
