// SPDX-License-Identifier: MIT
// Memory of a benchmark's case. What a case declares as read and written is both allocated and counted, so the fewest
// bytes that a kernel could move follow from the declaration.
#pragma once

#include <cmath>
#include <vector>

#include <slimfit/backend/cuda.cuh>
#include <slimfit/stash.hpp>

namespace slimfit::bench {

/// Bytes that memory moves at once.
inline constexpr index_t sector_bytes = 32;

/// A normal number: Box and Muller's method on two words of a random stream.
SLIMFIT_HD inline float normal(std::uint64_t seed, index_t element) {
  auto const words = random_stream{.seed = seed}.block(static_cast<std::uint64_t>(element));
  return sqrtf(-2 * logf(1 - uniform(words[0]))) * cosf(6.2831853F * uniform(words[1]));
}
template <class T>
__global__ void fill_normal(T* values, index_t count, std::uint64_t seed) {
  index_t const first = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  for (index_t i = first; i < count; i += step) { values[i] = static_cast<T>(normal(seed, i)); }
}

/// What the host coded for a case, so that another copy of the case's memory has it without coding it again.
using coded_blocks = std::vector<std::vector<std::byte>>;

/// Memory of a case, and the fewest bytes that go over it. Without a device it only counts.
class workspace {
 public:
  /// @param sequences size of the batch, `tokens` rows each
  /// @param coded     filled by the first workspace of a case, used by further ones; null: each codes for itself
  workspace(cuda* device, index_t sequences, coded_blocks* coded = nullptr)
      : device_(device), sequences_(sequences), coded_(coded) {}

  static constexpr index_t tokens = 197;
  [[nodiscard]] index_t sequences() const { return sequences_; }
  [[nodiscard]] index_t rows() const { return sequences_ * tokens; }
  [[nodiscard]] cuda* device() const { return device_; }
  [[nodiscard]] index_t bytes_least() const { return bytes_least_; }
  [[nodiscard]] index_t bytes_reread() const { return bytes_reread_; }
  [[nodiscard]] index_t bytes_kept() const { return bytes_kept_; }
  /// Floating-point operations of matrix products; 0 where a kernel is bound by memory.
  [[nodiscard]] index_t flops() const { return flops_; }

  /// Normal numbers that the kernel reads once.
  template <class T>
  T* read(index_t count) {
    count_bytes(round_up(bytes_of<T>(count), sector_bytes));
    return filled<T>(count);
  }
  /// Numbers that it writes once.
  template <class T>
  T* write(index_t count) {
    count_bytes(round_up(bytes_of<T>(count), sector_bytes));
    return allocate<T>(count);
  }
  /// Numbers that it reads and writes.
  template <class T>
  T* update(index_t count) {
    count_bytes(2 * round_up(bytes_of<T>(count), sector_bytes));
    return filled<T>(count);
  }
  /// A few numbers (parameters of a layer) that each of `readers` groups reads anew. They come from the caches, so they
  /// count once.
  template <class T>
  T* table(index_t count, index_t readers) {
    count_bytes(round_up(bytes_of<T>(count), sector_bytes));
    reread((readers - 1) * round_up(bytes_of<T>(count), sector_bytes));
    return filled<T>(count);
  }
  /// Integers that each reader of a row reads: not counted by this call; see `count_rows` and `reread`.
  std::int32_t* integers(std::vector<std::int32_t> const& values) {
    auto* const memory = allocate<std::int32_t>(static_cast<index_t>(values.size()));
    copy_in(values.data(), memory, static_cast<index_t>(values.size()));
    return memory;
  }
  /// Some numbers that every group reads.
  template <class C>
  C* constants(C const& values) {
    count_bytes(round_up(bytes_of<C>(1), sector_bytes));
    auto* const memory = allocate<C>(1);
    copy_in(&values, memory, 1);
    return memory;
  }
  /// Memory that is not counted by this call.
  template <class T>
  T* allocate(index_t count) {
    if (device_ == nullptr) { return nullptr; }
    memory_.emplace_back(device_->memory(), bytes_of<T>(count), category::data);
    device_->fill_zero(memory_.back().data(), memory_.back().size());
    return reinterpret_cast<T*>(memory_.back().data());
  }
  template <class T>
  T* filled(index_t count) {
    T* const memory = allocate<T>(count);
    if (device_ != nullptr && count > 0) {
      auto const blocks = static_cast<unsigned>(lesser<index_t>(divide_up(count, 256), 2048));
      fill_normal<<<blocks, 256, 0, device_->stream()>>>(memory, count, ++seed_);
      check(cudaGetLastError(), "launch that fills a benchmark's memory");
    }
    return memory;
  }

  /// Counts `rows` accesses of `bytes` bytes each, one after another in memory, as the sectors that each touches.
  void count_rows(index_t rows, index_t bytes) {
    for (index_t row = 0; bytes > 0 && row < rows; ++row) {
      index_t const begin = row * bytes;
      count_bytes((divide_up(begin + bytes, sector_bytes) - begin / sector_bytes) * sector_bytes);
    }
  }
  void count_bytes(index_t bytes) { bytes_least_ += bytes; }
  void count_flops(index_t flops) { flops_ += flops; }
  /// Counts bytes that are read again from caches.
  void reread(index_t bytes) { bytes_reread_ += bytes; }

  /// The view of stash `S` that the kernel saves to.
  template <class S, scalar T, int Width>
  auto saved(index_t rows) {
    return keep<S, T, Width>(rows, [](auto const& /*view*/) {});
  }
  /// The view that it restores from. `save(view, row, tile)` keeps a row, on the host.
  template <class S, scalar T, int Width, class Save>
  auto kept(index_t rows, Save const& save) {
    return keep<S, T, Width>(rows, [&](auto const& view) {
      auto const numbers = normal_numbers();
      tile<compute_type<T>, Width, serial_group> values{};
      std::size_t next = 0;
      for (index_t row = 0; row < rows; ++row) {
        for (int i = 0; i < Width; ++i) {
          values.values[i] = static_cast<compute_type<T>>(numbers[next]);
          next = next + 1 == numbers.size() ? 0 : next + 1;
        }
        save(view, row, values);
      }
    });
  }
  template <class S, scalar T, int Width>
  auto kept(index_t rows) {
    return kept<S, T, Width>(
        rows, [](auto const& view, index_t row, auto const& values) { view.save(serial_group{}, row, values); });
  }

 private:
  template <class T>
  static constexpr index_t bytes_of(index_t count) {
    return count * static_cast<index_t>(sizeof(T));
  }
  template <class T>
  void copy_in(T const* values, T* target, index_t count) {
    if (device_ != nullptr) { device_->copy(values, target, count); }
  }
  /// As many as have no period in common with rows of the usual widths.
  static std::vector<float> normal_numbers() {
    constexpr index_t count = 8191;
    std::vector<float> numbers;
    for (index_t i = 0; i < count; ++i) { numbers.push_back(normal(1, i)); }
    return numbers;
  }

  /// A view in memory of the host that `fill` saves to, copied to the device.
  template <class S, scalar T, int Width, class Fill>
  auto keep(index_t rows, Fill const& fill) {
    random_stream const stream{};
    ledger book;
    arena counting(book);
    auto view = stash::keep<S, T, Width>(counting, rows, category::static_activations, unit_state::active, stream);
    index_t const bytes = counting.tape_bytes();
    bytes_kept_ += bytes;
    count_view(view, rows);
    if (device_ == nullptr) { return view; }
    auto* const target = allocate<std::byte>(bytes);
    if (coded_ != nullptr && next_coded_ < coded_->size()) {
      copy_in((*coded_)[next_coded_++].data(), target, bytes);
    } else {
      std::vector<std::byte> block(static_cast<std::size_t>(bytes + arena::alignment));
      auto const address = reinterpret_cast<std::uintptr_t>(block.data());
      auto* const begin = block.data() + (arena::alignment - address % arena::alignment) % arena::alignment;
      arena in_host(book, begin, bytes);
      fill(stash::keep<S, T, Width>(in_host, rows, category::static_activations, unit_state::active, stream));
      copy_in(begin, target, bytes);
      if (coded_ != nullptr) {
        coded_->emplace_back(begin, begin + bytes);
        ++next_coded_;
      }
    }
    arena in_device(book, target, bytes);
    return stash::keep<S, T, Width>(in_device, rows, category::static_activations, unit_state::active, stream);
  }

  /// What a view keeps of each row, part by part.
  template <class View>
  void count_view(View const& view, index_t rows) {
    if constexpr (requires { view.bitmap; }) {
      count_array(view.bitmap, rows);
      count_view(view.values, rows);
    } else if constexpr (requires { view.codes.row_bytes; }) {
      count_view(view.codes, rows);  // a derivative's codes
    } else if constexpr (requires { view.codes.data; }) {
      count_array(view.codes, rows);
      count_array(view.scales, rows);
    } else if constexpr (requires { view.owned; }) {
      count_array(view.owned, rows);
    } else {
      if constexpr (requires { view.input; }) { count_view(view.input, rows); }
      if constexpr (requires { view.rows; }) { count_view(view.rows, rows); }
      if constexpr (requires { view.mean; }) { count_array(view.mean, rows); }
      if constexpr (requires { view.rstd; }) { count_array(view.rstd, rows); }
    }
  }
  template <class T>
  void count_array(kept_array<T> const& array, index_t rows) {
    count_rows(rows, array.bytes() / rows);  // Padding is less than the rows and falls away.
  }

  cuda* device_;
  index_t sequences_;
  coded_blocks* coded_;
  std::size_t next_coded_ = 0;
  std::uint64_t seed_ = 0;
  index_t flops_ = 0;
  index_t bytes_least_ = 0;
  index_t bytes_reread_ = 0;
  index_t bytes_kept_ = 0;
  std::vector<buffer<std::byte, cuda_resource>> memory_;
};

}  // namespace slimfit::bench
