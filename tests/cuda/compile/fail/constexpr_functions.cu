// SPDX-License-Identifier: MIT
// A constexpr function runs on the host alone, unless it is marked SLIMFIT_HD.
// expect: calling a constexpr __host__ function("encode_value") from a __host__ __device__ function("encode")
// expect: calling a constexpr __host__ function("max") from a __host__ __device__ function("operator()")
#include <algorithm>

#include <slimfit/cuda.cuh>
#include <slimfit/format.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/stash.hpp>

using namespace slimfit;

struct encodes_at_compile_time : format::elementwise<encodes_at_compile_time, 8> {
  template <class T>
  static constexpr std::uint8_t encode_value(T value) {
    return static_cast<std::uint8_t>(value);
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    return static_cast<T>(code);
  }
};
struct row_of_maxima {
  static constexpr int width = 64;
  float* data;
  SLIMFIT_HD void operator()(auto group, index_t row) const {
    if (group.lane() == 0) { data[row] = std::max(data[row], 0.0F); }
  }
};

void launch(cuda& device) {
  using form = stash::quantized<encodes_at_compile_time>::template kept<float, 64>;
  device.launch(1, kernels::save_rows<64, float, form>{});
  device.launch(1, row_of_maxima{});
}
