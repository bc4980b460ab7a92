// SPDX-License-Identifier: MIT
// Functions that are not marked SLIMFIT_HD, in everything that a program may add. Each has an error with its name.
// expect: calling a __host__ function("unsigned char encodes_on_host::encode_value<float> (T1)")
// expect: calling a __host__ function("T1 decodes_on_host::decode_value<float> (unsigned char)")
// expect: calling a __host__ function("host_only(float)") from a __host__ __device__ function("calls_host::encode_value
// expect: coded_on_host::encode
// expect: coded_on_host::decode
// expect: stash_on_host::kept<float, (int)64> ::save
// expect: stash_on_host::kept<float, (int)64> ::restore
// expect: gelu_on_host::derivative
// expect: row_on_host::operator ()
// expect: row_with_host_function::operator ()
#include <slimfit/cuda.cuh>
#include <slimfit/format.hpp>
#include <slimfit/kernels/gelu.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/stash.hpp>

using namespace slimfit;

inline float host_only(float value) { return 2 * value; }

struct encodes_on_host : format::elementwise<encodes_on_host, 8> {
  template <class T>
  static std::uint8_t encode_value(T value) {
    return static_cast<std::uint8_t>(value);
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    return static_cast<T>(code);
  }
};
struct decodes_on_host : format::elementwise<decodes_on_host, 8> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T value) {
    return static_cast<std::uint8_t>(value);
  }
  template <class T>
  static T decode_value(std::uint8_t code) {
    return static_cast<T>(code);
  }
};
struct calls_host : format::elementwise<calls_host, 8> {
  SLIMFIT_HD static std::uint8_t encode_value(float value) { return static_cast<std::uint8_t>(host_only(value)); }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    return static_cast<T>(code);
  }
};
/// A format of whole rows.
struct coded_on_host {
  static constexpr int bits = 8;
  SLIMFIT_HD static constexpr index_t code_bytes(index_t width) { return width; }
  SLIMFIT_HD static constexpr index_t scale_count(index_t /*width*/) { return 0; }
  template <class T, int Width, lane_group Group>
  static void encode(Group /*group*/, tile<T, Width, Group> const& /*values*/, std::byte* /*codes*/, bf16* /*scales*/) {
  }
  template <class T, int Width, lane_group Group>
  static tile<T, Width, Group> decode(Group /*group*/, std::byte const* /*codes*/, bf16 const* /*scales*/) {
    return {};
  }
};
struct stash_on_host {
  template <scalar T, int Width>
  struct kept {
    static constexpr bool restores = true;
    T* data;
    template <lane_group Group, class Tile>
    void save(Group /*group*/, index_t /*row*/, Tile const& /*values*/) const {}
    template <lane_group Group>
    tile<compute_type<T>, Width, Group> restore(Group /*group*/, index_t /*row*/) const {
      return {};
    }
  };
};
struct gelu_on_host {
  template <lane_group Group>
  tile<float, 64, Group> derivative(Group /*group*/, index_t /*row*/) const {
    return {};
  }
};
struct row_on_host {
  static constexpr int width = 64;
  void operator()(auto /*group*/, index_t /*row*/) const {}
};
struct row_with_host_function {
  static constexpr int width = 64;
  float* data;
  SLIMFIT_HD void operator()(auto group, index_t row) const {
    auto const x = load<width>(group, data + row * width);
    store(group, data + row * width, map([](float a) { return host_only(a); }, x));
  }
};

template <class Format>
using coded = stash::quantized<Format>::template kept<float, 64>;
template <class Form>
using saving = kernels::save_rows<64, float, Form>;
template <class Form>
using restoring = kernels::restore_rows<64, float, Form>;

template <class... Kernels>
void launch(cuda& device) {
  (device.launch(1, Kernels{}), ...);
}
template void launch<saving<coded<encodes_on_host>>, restoring<coded<decodes_on_host>>, saving<coded<calls_host>>,
                     saving<coded<coded_on_host>>, restoring<coded<coded_on_host>>,
                     saving<stash_on_host::kept<float, 64>>, restoring<stash_on_host::kept<float, 64>>,
                     kernels::gelu_backward<64, float, gelu_on_host>, row_on_host, row_with_host_function>(cuda&);
