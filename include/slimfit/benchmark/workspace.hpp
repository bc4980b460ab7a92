// SPDX-License-Identifier: MIT
// Memory of a kernel that is benchmarked. What is declared as read and written is both allocated and counted, so the
// fewest bytes that the kernel could move follow from the declaration.
#pragma once

#include <vector>

#include <slimfit/benchmark/normal_numbers.hpp>
#include <slimfit/benchmark/traffic.hpp>
#include <slimfit/memory/resource.hpp>

namespace slimfit::benchmarks {

/// What the host coded for a kernel, so that another copy of the kernel's memory has it without coding it again.
using coded_blocks = std::vector<std::vector<std::byte>>;

/// Memory of a kernel, and the fewest bytes that go over it. Without a device it only counts.
/// @tparam Device the backend that the kernel runs on
template <class Device>
class workspace : public traffic {
 public:
  /// Rows of a sequence: the tokens of an image of 224 x 224 in patches of 16.
  static constexpr index_t tokens = 197;

  /// @param sequences size of the batch, `tokens` rows each
  /// @param coded     filled by the first workspace of a kernel, used by further ones; null: each codes for itself
  workspace(Device* device, index_t sequences, coded_blocks* coded = nullptr)
      : device_(device), sequences_(sequences), coded_(coded) {}

  [[nodiscard]] index_t sequences() const { return sequences_; }
  [[nodiscard]] index_t rows() const { return sequences_ * tokens; }
  [[nodiscard]] Device* device() const { return device_; }

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
    count_reread((readers - 1) * round_up(bytes_of<T>(count), sector_bytes));
    return filled<T>(count);
  }
  /// Integers that each reader of a row reads: not counted by this call; see `count_rows` and `count_reread`.
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
  /// Zeros that are not counted by this call.
  template <class T>
  T* allocate(index_t count) {
    if (device_ == nullptr) { return nullptr; }
    memory_.emplace_back(device_->memory(), bytes_of<T>(count), category::data);
    device_->fill_zero(memory_.back().data(), memory_.back().size());
    return reinterpret_cast<T*>(memory_.back().data());
  }
  /// Normal numbers that are not counted by this call.
  template <class T>
  T* filled(index_t count) {
    T* const memory = allocate<T>(count);
    if (device_ != nullptr && count > 0) {
      using fill = fill_normal<T>;
      device_->launch(divide_up(count, index_t{fill::width}), fill{memory, count, ++seed_});
    }
    return memory;
  }

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

  /// A view in memory of the host that `fill` saves to, copied to the device.
  template <class S, scalar T, int Width, class Fill>
  auto keep(index_t rows, Fill const& fill) {
    auto const keep_in = [&](arena& memory) {
      return stash::keep<S, T, Width>(memory, rows, category::static_activations, unit_state::active, random_stream{});
    };
    ledger book;
    arena counting(book);
    auto view = keep_in(counting);
    index_t const bytes = counting.tape_bytes();
    count_kept(bytes);
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
      fill(keep_in(in_host));
      copy_in(begin, target, bytes);
      if (coded_ != nullptr) {
        coded_->emplace_back(begin, begin + bytes);
        ++next_coded_;
      }
    }
    arena in_device(book, target, bytes);
    return keep_in(in_device);
  }

  Device* device_;
  index_t sequences_;
  coded_blocks* coded_;
  std::size_t next_coded_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<buffer<std::byte, typename Device::resource_type>> memory_;
};

}  // namespace slimfit::benchmarks
