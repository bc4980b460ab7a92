// SPDX-License-Identifier: MIT
// The last step of gradients that are sums over rows, for all vectors of a part of the network at once: the partial
// sums of each wait until one launch adds them all up.
#pragma once

#include <array>

#include <slimfit/backend/launch_together.hpp>
#include <slimfit/kernels/row_blocks.hpp>
#include <slimfit/pass/context.hpp>
#include <slimfit/pass/live_rows.hpp>

namespace slimfit {

/// Whoever makes one calls `finish` before the memory of the partial sums ends.
/// @tparam T of the gradients
template <scalar T>
class waiting_sums {
 public:
  using sum_type = kernels::sum_rows<compute_type<T>, T>;

  /// @param memory of `numbers` partial sums, for whoever has none of its own
  constexpr waiting_sums(compute_type<T>* memory, index_t numbers) : memory_(memory), numbers_(numbers) {}

  /// Numbers of memory that `count` partial sums of `width` columns take, aligned as kernels need it.
  [[nodiscard]] static constexpr index_t numbers_of(index_t count, index_t width) {
    return round_up(count * width, arena::alignment / static_cast<index_t>(sizeof(compute_type<T>)));
  }
  /// Memory for that. @throws usage_error for more than there was said to be
  [[nodiscard]] constexpr compute_type<T>* take(index_t count, index_t width) {
    index_t const numbers = numbers_of(count, width);
    if (numbers > numbers_) {
      detail::raise<usage_error>("slimfit: waiting_sums: more partial sums are made than were announced");
    }
    compute_type<T>* const first = memory_;
    memory_ = advance(memory_, numbers);
    numbers_ -= numbers;
    return first;
  }
  /// Adds up `sum` with the others. Without partial sums (`count` 0) its target becomes zero.
  template <class Context>
  constexpr void add(Context& run, sum_type const& sum) {
    if (used_ == waiting_.size()) { finish(run); }
    waiting_[used_] = {sum, kernels::slice_count(sum.columns)};
    ++used_;
  }
  /// Enqueues what waits.
  template <class Context>
  constexpr void finish(Context& run) {
    using rows_type = kernel_rows<sum_type>;
    if (used_ > 0) { launch_together(run.device, std::span<rows_type const>(waiting_.data(), used_)); }
    used_ = 0;
  }

 private:
  compute_type<T>* memory_;
  index_t numbers_;
  std::array<kernel_rows<sum_type>, 8> waiting_{};
  std::size_t used_ = 0;
};

/// Whether sums wait for each other: where launches cost. Elsewhere each is added up at once, from memory that is given
/// back at once.
template <class Context>
inline constexpr bool sums_wait = device_traits<typename Context::device_type>::busy_pieces > 0;

/// Lets the sums of a layer's gradients wait, where they can.
template <class Sums, scalar T>
constexpr void wait_in(Sums& sums, waiting_sums<T>& waiting) {
  if constexpr (requires { sums.wait_in(&waiting); }) { sums.wait_in(&waiting); }
}
/// Numbers of the partial sums for the vectors of a layer that has none of its own memory for them.
/// @param live of the rows of its output, where it leaves out others
template <class Context, class Sums>
constexpr index_t waiting_numbers(Context const& run, [[maybe_unused]] Sums& sums, sequence_batch const& batch,
                                  [[maybe_unused]] live_rows live) {
  if constexpr (sums_wait<Context> && requires { sums.waiting_numbers(run, batch, live); }) {
    return sums.waiting_numbers(run, batch, live);
  } else {
    return 0;
  }
}

/// Partial sums of the columns of a matrix, by which a vector's gradient is made.
template <int Width, scalar T>
class partial_sums {
 public:
  /// @param waiting where the sums are added up; null: here
  template <class Context>
  constexpr partial_sums(Context& run, waiting_sums<T>* waiting, index_t count)
      : waiting_(waiting),
        scratch_(run.memory, waiting == nullptr ? count * Width : 0),
        data_(count == 0           ? nullptr
              : waiting == nullptr ? scratch_.data()
                                   : waiting->take(count, Width)),
        count_(count) {}

  /// `count x Width`
  [[nodiscard]] constexpr compute_type<T>* data() const { return data_; }
  /// Leaves only the first `count`.
  constexpr void shrink(index_t count) { count_ = count; }
  /// `gradient (+)= sum of the partial sums`, at the latest when what waits is finished.
  template <class Context>
  constexpr void add_to(Context& run, T* gradient, update_mode mode) const {
    typename waiting_sums<T>::sum_type const sum{data_, count_, Width, gradient, mode};
    if (waiting_ != nullptr) {
      waiting_->add(run, sum);
    } else {
      run.launch(kernels::slice_count(Width), sum);
    }
  }

 private:
  waiting_sums<T>* waiting_;
  scratch_buffer<compute_type<T>> scratch_;
  compute_type<T>* data_;
  index_t count_;
};

}  // namespace slimfit
