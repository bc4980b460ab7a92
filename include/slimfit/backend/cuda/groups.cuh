// SPDX-License-Identifier: MIT
// The groups of lanes that own a row on CUDA: part of a warp, a warp, or a block. Sums are butterflies of shuffles:
// each lane gets the result, the same bits on all of them, without a broadcast after it (CUB's collectives give it to
// one lane) and without the compile time of a header that is larger than this library's kernels.
#pragma once

#include <slimfit/rows/group.hpp>

namespace slimfit {

namespace detail {
/// Combines the values of aligned segments of `Lanes` <= 32 lanes.
template <int Lanes, class T, class Op>
inline __device__ T reduce_in_warp(T value, Op op, unsigned mask) {
#pragma unroll
  for (int distance = Lanes / 2; distance > 0; distance /= 2) {
    value = op(value, __shfl_xor_sync(mask, value, distance));
  }
  return value;
}
}  // namespace detail

/// Threads of a block of warp groups.
inline constexpr int warp_group_threads = 128;

/// `Lanes` threads of one warp.
/// @tparam Run consecutive elements of a row that a lane holds
template <int Lanes, int Run>
struct warp_group {
  static_assert(Lanes >= 1 && Lanes <= 32 && (Lanes & (Lanes - 1)) == 0,
                "slimfit: warp_group<Lanes, Run>: Lanes must be a power of two up to 32");
  static constexpr int size = Lanes;
  static constexpr int run = Run;

  [[nodiscard]] __device__ static int lane() { return static_cast<int>(threadIdx.x) % Lanes; }
  __device__ static void sync() { __syncwarp(mask()); }
  template <int Segment, class T, class Op>
  [[nodiscard]] static __device__ T reduce(T value, Op op) {
    static_assert(Segment <= Lanes);
    return detail::reduce_in_warp<Segment>(value, op, mask());
  }
  template <int Segment, class T>
  [[nodiscard]] static __device__ T broadcast(T value, int from) {
    static_assert(Segment <= Lanes);
    return __shfl_sync(mask(), value, from, Segment);
  }
  template <class T>
  [[nodiscard]] static __device__ T from_neighbour(T value) {
    __syncwarp(mask());  // a shuffle alone orders no accesses to memory
    return __shfl_xor_sync(mask(), value, 1);
  }
  template <class T, int Count>
  [[nodiscard]] static __device__ T* scratch() {
    constexpr int padded = (Count + 3) / 4 * 4;
    alignas(16) __shared__ T memory[warp_group_threads / Lanes * padded];
    return memory + static_cast<int>(threadIdx.x) / Lanes * padded;
  }

 private:
  /// The group's lanes of the warp: other groups of it may have left.
  __device__ static unsigned mask() {
    if constexpr (Lanes == 32) {
      return 0xffffffffU;
    } else {
      return ((1U << Lanes) - 1U) << (threadIdx.x % 32U / Lanes * Lanes);
    }
  }
};

/// One of the warp groups of a block that work on the same piece: see `team_group`.
template <int Lanes, int Run>
struct team_of_warp_groups : warp_group<Lanes, Run> {
  [[nodiscard]] __device__ static int part() { return static_cast<int>(threadIdx.x) / Lanes; }
  [[nodiscard]] SLIMFIT_HD static constexpr int parts() { return warp_group_threads / Lanes; }
  /// All threads of the block call it.
  template <class Tile>
  static __device__ void sum_over_parts(Tile& total) {
    __shared__ typename Tile::value_type others[(parts() - 1) * Tile::slots * Lanes + 1];
    int const lane = warp_group<Lanes, Run>::lane();
    __syncthreads();  // an earlier sum was read
    if (part() > 0) {
#pragma unroll
      for (int slot = 0; slot < Tile::slots; ++slot) {
        others[(slot * (parts() - 1) + part() - 1) * Lanes + lane] = total.values[slot];
      }
    }
    __syncthreads();
    if (part() > 0) { return; }
#pragma unroll
    for (int other = 0; other < parts() - 1; ++other) {
#pragma unroll
      for (int slot = 0; slot < Tile::slots; ++slot) {
        total.values[slot] += others[(slot * (parts() - 1) + other) * Lanes + lane];
      }
    }
  }
  /// The same.
  template <class Tile>
  static __device__ void share_over_parts(Tile& values) {
    __shared__ typename Tile::value_type shared[Tile::slots * Lanes];
    int const lane = warp_group<Lanes, Run>::lane();
    __syncthreads();  // what was shared before was read
#pragma unroll
    for (int slot = 0; slot < Tile::slots; ++slot) {
      if (part() == 0) { shared[slot * Lanes + lane] = values.values[slot]; }
    }
    __syncthreads();
#pragma unroll
    for (int slot = 0; slot < Tile::slots; ++slot) { values.values[slot] = shared[slot * Lanes + lane]; }
  }
};

/// A block of `Lanes` threads, for wide rows.
template <int Lanes, int Run>
struct block_group {
  static_assert(Lanes > 32 && Lanes <= 1024 && (Lanes & (Lanes - 1)) == 0,
                "slimfit: block_group<Lanes, Run>: Lanes must be a power of two from 64 to 1024");
  /// The calling lane's part of it.
  using warp_type = warp_group<32, Run>;
  static constexpr int size = Lanes;
  static constexpr int run = Run;

  [[nodiscard]] __device__ static int lane() { return static_cast<int>(threadIdx.x); }
  __device__ static void sync() { __syncthreads(); }
  template <int Segment, class T, class Op>
  [[nodiscard]] static __device__ T reduce(T value, Op op) {
    static_assert(Segment <= Lanes);
    if constexpr (Segment <= 32) {
      return detail::reduce_in_warp<Segment>(value, op, 0xffffffffU);
    } else {
      constexpr int warps = Segment / 32;
      __shared__ T parts[Lanes / 32];
      value = detail::reduce_in_warp<32>(value, op, 0xffffffffU);
      int const warp = lane() / 32;
      if (lane() % 32 == 0) { parts[warp] = value; }
      __syncthreads();
      int const first = warp / warps * warps;
      value = parts[first];
#pragma unroll
      for (int i = 1; i < warps; ++i) { value = op(value, parts[first + i]); }
      __syncthreads();  // the next reduction writes the same parts
      return value;
    }
  }
  template <int Segment, class T>
  [[nodiscard]] static __device__ T broadcast(T value, int from) {
    static_assert(Segment <= 32);
    return __shfl_sync(0xffffffffU, value, from, Segment);
  }
  template <class T>
  [[nodiscard]] static __device__ T from_neighbour(T value) {
    return warp_type::from_neighbour(value);
  }
  template <class T, int Count>
  [[nodiscard]] static __device__ T* scratch() {
    alignas(16) __shared__ T memory[(Count + 3) / 4 * 4];
    return memory;
  }
};

}  // namespace slimfit
