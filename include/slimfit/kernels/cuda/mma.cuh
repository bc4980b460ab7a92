// SPDX-License-Identifier: MIT
// Tensor core products of a warp: fragments, and the instruction that multiplies them. bf16 multiplies directly; a
// float is the sum of two TF32 numbers, and three products of them are as accurate as float arithmetic.
#pragma once

#include <slimfit/core/scalar.hpp>

namespace slimfit::kernels {

/// A warp's block of 16 rows and 8 * Tiles columns, as tensor cores leave their sums: what a lane holds of it.
template <int Tiles>
struct fragment {
  static constexpr int size = Tiles * 4;
  float values[Tiles][4] = {};

  __device__ float& operator[](int i) { return values[i / 4][i % 4]; }
  __device__ float operator[](int i) const { return values[i / 4][i % 4]; }
  /// Row and column of element `i`.
  static __device__ int row(int i) { return static_cast<int>(threadIdx.x) % 32 / 4 + i % 4 / 2 * 8; }
  static __device__ int column(int i) { return i / 4 * 8 + static_cast<int>(threadIdx.x) % 4 * 2 + i % 2; }
};

/// What one instruction multiplies: `sums (16 x 8) += left (16 x depth) * right (depth x 8)`. Lane `4 * g + t` holds
/// of the sums: rows g and g + 8, columns 2 t and 2 t + 1, in the order (g, 2t), (g, 2t + 1), (g + 8, 2t), ...
template <class T>
struct matrix_unit;

/// mma.m16n8k16
template <>
struct matrix_unit<bf16> {
  static constexpr int depth = 16;
  struct left_fragment {
    std::uint32_t words[4];
  };
  struct right_fragment {
    std::uint32_t words[2];
  };

  static __device__ left_fragment left(std::uint32_t const (&words)[4]) {
    return {{words[0], words[1], words[2], words[3]}};
  }
  static __device__ right_fragment right(std::uint32_t first, std::uint32_t second) { return {{first, second}}; }
  /// Sums as the left operand of the next product, rounded to bf16.
  template <int Tiles>
  static __device__ left_fragment left_of_sums(float const (&sums)[Tiles][4], int step) {
    auto const& low = sums[2 * step];
    auto const& high = sums[2 * step + 1];
    return {{pair(low[0], low[1]), pair(low[2], low[3]), pair(high[0], high[1]), pair(high[2], high[3])}};
  }
  __device__ static void multiply(float (&sums)[4], left_fragment const& a, right_fragment const& b) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a.words[0]), "r"(a.words[1]), "r"(a.words[2]), "r"(a.words[3]), "r"(b.words[0]), "r"(b.words[1]));
  }

  /// Two numbers rounded to bf16, the first in the lower half.
  static __device__ std::uint32_t pair(float first, float second) {
    std::uint32_t word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
    return word;
  }
  /// Writes a lane's two neighbouring sums to shared memory.
  __device__ static void store_pair(bf16* target, float first, float second) {
    *reinterpret_cast<shared_word*>(target) = pair(first, second);
  }
  /// Writes eight decoded elements to shared memory. In assembler, because the compiler would write single words.
  __device__ static void store_run(bf16* target, float const (&values)[8]) {
    asm volatile(
        "st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(target))),
        "r"(pair(values[0], values[1])), "r"(pair(values[2], values[3])), "r"(pair(values[4], values[5])),
        "r"(pair(values[6], values[7]))
        : "memory");
  }

 private:
  using shared_word [[gnu::may_alias]] = std::uint32_t;
};

/// mma.m16n8k8 of TF32, three times: high * high + high * low + low * high (the product of the low parts is below
/// float's precision). NVIDIA CUTLASS calls it 3xTF32.
template <>
struct matrix_unit<float> {
  static constexpr int depth = 8;
  struct left_fragment {
    std::uint32_t high[4];
    std::uint32_t low[4];
  };
  struct right_fragment {
    std::uint32_t high[2];
    std::uint32_t low[2];
  };

  static __device__ left_fragment left(std::uint32_t const (&words)[4]) {
    left_fragment result;
#pragma unroll
    for (int i = 0; i < 4; ++i) { split(bit_cast<float>(words[i]), result.high[i], result.low[i]); }
    return result;
  }
  static __device__ right_fragment right(std::uint32_t first, std::uint32_t second) {
    right_fragment result;
    split(bit_cast<float>(first), result.high[0], result.low[0]);
    split(bit_cast<float>(second), result.high[1], result.low[1]);
    return result;
  }
  /// Sums as the left operand. A lane holds columns 2 t and 2 t + 1 where the instruction wants t and t + 4: the order
  /// of the inner dimension is free, so the right operand's rows are taken in that order.
  template <int Tiles>
  static __device__ left_fragment left_of_sums(float const (&sums)[Tiles][4], int step) {
    left_fragment result;
    split(sums[step][0], result.high[0], result.low[0]);
    split(sums[step][2], result.high[1], result.low[1]);
    split(sums[step][1], result.high[2], result.low[2]);
    split(sums[step][3], result.high[3], result.low[3]);
    return result;
  }
  __device__ static void multiply(float (&sums)[4], left_fragment const& a, right_fragment const& b) {
    multiply_once(sums, a.low, b.high);
    multiply_once(sums, a.high, b.low);
    multiply_once(sums, a.high, b.high);
  }

  /// Lanes whose row is odd write in the other order: then all 32 write to different banks.
  __device__ static void store_pair(float* target, float first, float second) {
    int const odd = static_cast<int>(threadIdx.x) / 4 % 2;
    target[odd] = odd == 0 ? first : second;
    target[1 - odd] = odd == 0 ? second : first;
  }
  /// Of eight neighbouring lanes, four write their second half first: then all eight write to different banks.
  __device__ static void store_run(float* target, float const (&values)[8]) {
    bool const swapped = threadIdx.x / 4 % 2 == 1;
    auto const address = static_cast<std::uint32_t>(__cvta_generic_to_shared(target));
    store_four(address + (swapped ? 16 : 0), values, swapped);
    store_four(address + (swapped ? 0 : 16), values, !swapped);
  }

 private:
  /// In assembler, because the compiler would write single elements.
  __device__ static void store_four(std::uint32_t address, float const (&values)[8], bool second) {
    asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(second ? values[4] : values[0]),
                 "f"(second ? values[5] : values[1]), "f"(second ? values[6] : values[2]),
                 "f"(second ? values[7] : values[3])
                 : "memory");
  }
  /// By integer operations: conversions take four times as long. The instruction ignores the last 13 bits of `low`.
  __device__ static void split(float value, std::uint32_t& high, std::uint32_t& low) {
    high = (bit_cast<std::uint32_t>(value) + 0x1000U) & 0xffffe000U;
    low = bit_cast<std::uint32_t>(value - bit_cast<float>(high));
  }
  __device__ static void multiply_once(float (&sums)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2]) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

}  // namespace slimfit::kernels
