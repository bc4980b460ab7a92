// SPDX-License-Identifier: MIT
// The one list of cases for everything that looks at CUDA kernels from outside: benchmarks time them, profilers count
// them. A file `*_cases.cu` adds its cases with `add_case`; what a case declares as read and written is both allocated
// and counted, so the fewest bytes that a kernel could move follow from the declaration.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/backend/cuda.cuh>
#include <slimfit/stash/stash.hpp>

namespace slimfit::bench {

/// Bytes that memory moves at once.
inline constexpr index_t sector_bytes = 32;

/// Memory of a case, and the fewest bytes that go over it. Without a device it only counts.
class workspace {
 public:
  /// @param sequences size of the batch, `tokens` rows each
  workspace(cuda* device, index_t sequences) : device_(device), sequences_(sequences) {}

  static constexpr index_t tokens = 197;
  [[nodiscard]] index_t sequences() const { return sequences_; }
  [[nodiscard]] index_t rows() const { return sequences_ * tokens; }
  [[nodiscard]] cuda* device() const { return device_; }
  [[nodiscard]] index_t bytes_least() const { return bytes_least_; }
  [[nodiscard]] index_t bytes_reread() const { return bytes_reread_; }
  [[nodiscard]] index_t bytes_kept() const { return bytes_kept_; }

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
    if (device_ != nullptr) {
      std::vector<T> values(static_cast<std::size_t>(count));
      for (auto& value : values) { value = static_cast<T>(normal()); }
      copy_in(values.data(), memory, count);
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
      tile<compute_type<T>, Width, serial_group> values{};
      for (index_t row = 0; row < rows; ++row) {
        for (int i = 0; i < Width; ++i) { values.values[i] = static_cast<compute_type<T>>(normal()); }
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
  /// Near normal: the sum of twelve uniform numbers, less six.
  float normal() {
    float total = -6;
    for (int i = 0; i < 3; ++i) {
      auto const words = random_stream{.seed = 1}.block(next_++);
      for (auto const word : words.words) { total += uniform(word); }
    }
    return total;
  }

  /// A view in memory of the host that `fill` saves to, copied to the device.
  template <class S, scalar T, int Width, class Fill>
  auto keep(index_t rows, Fill const& fill) {
    ledger book;
    arena counting(book);
    auto view = S::template keep<T, Width>(counting, rows, category::static_activations, unit_state::active);
    index_t const bytes = counting.tape_bytes();
    bytes_kept_ += bytes;
    count_view(view, rows);
    if (device_ == nullptr) { return view; }
    std::vector<std::byte> block(static_cast<std::size_t>(bytes + arena::alignment));
    auto const address = reinterpret_cast<std::uintptr_t>(block.data());
    auto* const begin = block.data() + (arena::alignment - address % arena::alignment) % arena::alignment;
    arena in_host(book, begin, bytes);
    fill(S::template keep<T, Width>(in_host, rows, category::static_activations, unit_state::active));
    auto* const target = allocate<std::byte>(bytes);
    copy_in(begin, target, bytes);
    arena in_device(book, target, bytes);
    return S::template keep<T, Width>(in_device, rows, category::static_activations, unit_state::active);
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
    count_rows(rows, bytes_of<T>(array.count) / rows);
  }

  cuda* device_;
  index_t sequences_;
  std::uint64_t next_ = 0;
  index_t bytes_least_ = 0;
  index_t bytes_reread_ = 0;
  index_t bytes_kept_ = 0;
  std::vector<buffer<std::byte, cuda_resource>> memory_;
};

/// One kernel at one size.
struct kernel_case {
  std::string kernel;                                        ///< and what it keeps or reads
  std::string type;                                          ///< of its scalars
  int width = 0;                                             ///< elements of a row
  void const* function = nullptr;                            ///< the `__global__` function
  int threads = 0;                                           ///< of a block
  std::function<std::function<void()>(workspace&)> prepare;  ///< allocates, gives what launches it
  [[nodiscard]] std::string name() const { return kernel + " " + std::to_string(width) + " " + type; }
  [[nodiscard]] std::string shape(index_t rows) const {
    return std::to_string(rows) + " x " + std::to_string(width) + " " + type;
  }
};

/// All cases of the program.
std::vector<kernel_case>& kernel_cases();

template <scalar T>
inline constexpr char const* scalar_name = std::is_same_v<T, bf16> ? "bf16" : "float";

/// A kernel object, and for how many rows it is launched.
template <class Kernel>
struct row_task {
  Kernel kernel;
  index_t rows;
};

/// Adds a row kernel to the list. `make(workspace&)` gives its `row_task`.
template <scalar T, class Make>
bool add_case(std::string kernel, int width, Make make) {
  using kernel_type = decltype(make(std::declval<workspace&>()).kernel);
  using launch = detail::row_launch<kernel_type>;
  kernel_cases().push_back({std::move(kernel), scalar_name<T>, width,
                            reinterpret_cast<void const*>(&detail::row_kernel<kernel_type>), launch::threads,
                            [make](workspace& memory) -> std::function<void()> {
                              auto const task = make(memory);
                              auto* const device = memory.device();
                              return [task, device] { device->launch(task.rows, task.kernel); };
                            }});
  return true;
}

}  // namespace slimfit::bench
