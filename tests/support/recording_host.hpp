// SPDX-License-Identifier: MIT
// A backend that runs on the host and records steps as CUDA does: what is enqueued is kept with the arguments it was
// given, and runs, later and again, by these and by what memory holds then.
#pragma once

#include <functional>
#include <vector>

#include <slimfit/backend/host.hpp>
#include <slimfit/kernels/host/attention_engine.hpp>

namespace slimfit::testing {

class recording_host : public host {
 public:
  using host::host;

  using recording = std::vector<std::function<void()>>;
  template <class Enqueue>
  [[nodiscard]] recording record(Enqueue const& enqueue) {
    recording made;
    recorded_ = &made;
    try {
      enqueue();
    } catch (...) {
      recorded_ = nullptr;
      throw;
    }
    recorded_ = nullptr;
    ++recordings;
    return made;
  }
  void replay(recording const& work) {
    for (auto const& run : work) { run(); }
    ++replays;
  }

  /// Runs `work()`, or records it.
  template <class Work>
  void enqueue(Work const& work) const {
    if (recorded_ != nullptr) {
      recorded_->push_back(work);
    } else {
      work();
    }
  }
  template <class Kernel>
  void launch(index_t rows, Kernel const& kernel) const {
    enqueue([this, rows, kernel] { host::launch(rows, kernel); });
  }
  template <class T>
  void multiply(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                update_mode mode = update_mode::overwrite) const {
    enqueue([=, this] { host::multiply(rows, columns, inner, a, b, c, c_stride, mode); });
  }
  template <class T>
  void fill_zero(T* data, index_t count) const {
    enqueue([=, this] { host::fill_zero(data, count); });
  }
  template <class T>
  void copy(T const* source, T* target, index_t count) const {
    enqueue([=, this] { host::copy(source, target, count); });
  }

  int recordings = 0;
  int replays = 0;

 private:
  recording* recorded_ = nullptr;
};

}  // namespace slimfit::testing

namespace slimfit::kernels {

template <int Heads, int HeadSize, class T>
struct attention_engine<testing::recording_host, Heads, HeadSize, T> : attention_engine<host, Heads, HeadSize, T> {
  using base = attention_engine<host, Heads, HeadSize, T>;

  template <class Probabilities>
  static void forward(testing::recording_host& device, std::array<T*, 3> const& operands, Probabilities const& kept,
                      sequence_batch const& batch, T* output, T* scratch) {
    device.enqueue([=, &device] { base::forward(device, operands, kept, batch, output, scratch); });
  }
  template <class Probabilities>
  static void backward(testing::recording_host& device, std::array<T const*, 3> const& operands,
                       Probabilities const& kept, T const* output_gradient, std::array<T*, 3> const& gradients,
                       sequence_batch const& batch, T* scratch) {
    device.enqueue(
        [=, &device] { base::backward(device, operands, kept, output_gradient, gradients, batch, scratch); });
  }
};

}  // namespace slimfit::kernels
