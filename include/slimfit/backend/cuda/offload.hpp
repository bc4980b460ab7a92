// SPDX-License-Identifier: MIT
// What the CUDA backend offloads goes to pinned memory of the host and back on a stream of its own, beside the kernels.
// Events order both streams, so a recording includes the copies.
#pragma once

#include <array>
#include <memory>

#include <slimfit/backend/cuda/transfers.hpp>
#include <slimfit/memory/offload_store.hpp>

namespace slimfit {

class cuda_offload_store : public counted_offload_store {
 public:
  /// @param stream the backend's
  explicit cuda_offload_store(cudaStream_t stream) : stream_(stream) {}

  /// @throws as `reserve`
  index_t take(index_t bytes) {
    reserve(used() + bytes);
    return counted_offload_store::take(bytes);
  }
  /// Makes sure that there are `bytes` in all. Waits for what is on its way when it has to allocate.
  /// @throws memory_error, cuda_error; usage_error where more would be needed while parts are in use
  void reserve(index_t bytes) {
    if (bytes <= capacity_) { return; }
    require_unused(bytes);
    if (copies_ == nullptr) { start(); }
    check(cudaStreamSynchronize(stream_), "work before the memory for offloaded stashes grows");
    check(cudaStreamSynchronize(copies_.get()), "copies before the memory for offloaded stashes grows");
    capacity_ = 0;
    try {
      memory_.reserve(bytes);
    } catch (std::bad_alloc const&) { report_no_memory(bytes); }
    capacity_ = bytes;
  }
  /// Where the memory lies, and its bytes: together they tell one from another that came in its place.
  [[nodiscard]] std::byte const* data() const { return memory_.data(); }
  [[nodiscard]] index_t capacity() const { return capacity_; }

  /// While a step is rehearsed nothing is copied.
  void rehearse(bool on) noexcept { rehearsing_ = on; }
  /// Enqueues the copy of `bytes` at `source`, as the work enqueued before leaves them, to what was taken at `first`.
  /// The source may be written again behind `wait(place)`. @throws cuda_error
  void send(std::byte const* source, index_t first, index_t bytes, int place) {
    copy(source, memory_.data() + first, bytes, cudaMemcpyDeviceToHost, place);
  }
  /// Enqueues the copy back to `target`, which the work enqueued before is done with and what comes behind
  /// `wait(place)` may read. @throws cuda_error
  void fetch(std::byte* target, index_t first, index_t bytes, int place) {
    copy(memory_.data() + first, target, bytes, cudaMemcpyHostToDevice, place);
  }
  /// Lets what is enqueued from now on run after the last copy from or to `place`. @throws cuda_error
  void wait(int place) {
    if (rehearsing_) { return; }
    check(cudaStreamWaitEvent(stream_, copied_[static_cast<std::size_t>(place)].get(), 0), "wait for a copy");
  }

 private:
  struct destroy_stream {
    void operator()(cudaStream_t stream) const noexcept { (void)cudaStreamDestroy(stream); }
  };
  struct destroy_event {
    void operator()(cudaEvent_t event) const noexcept { (void)cudaEventDestroy(event); }
  };
  using event_type = std::unique_ptr<CUevent_st, destroy_event>;

  void start() {
    reached_ = make_event();
    for (auto& event : copied_) { event = make_event(); }
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream of copies");
    copies_.reset(stream);
  }
  static event_type make_event() {
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event of a copy");
    return event_type(event);
  }
  void copy(std::byte const* source, std::byte* target, index_t bytes, cudaMemcpyKind kind, int place) {
    if (rehearsing_) { return; }
    check(cudaEventRecord(reached_.get(), stream_), "event before a copy");
    check(cudaStreamWaitEvent(copies_.get(), reached_.get(), 0), "wait before a copy");
    check(cudaMemcpyAsync(target, source, static_cast<std::size_t>(bytes), kind, copies_.get()),
          "copy of offloaded stashes");
    check(cudaEventRecord(copied_[static_cast<std::size_t>(place)].get(), copies_.get()), "event of a copy");
  }

  cudaStream_t stream_;
  bool rehearsing_ = false;
  detail::pinned_array<std::byte> memory_;
  index_t capacity_ = 0;
  event_type reached_;
  std::array<event_type, offload_places> copied_;
  std::unique_ptr<CUstream_st, destroy_stream> copies_;  // destroyed first: its work uses the others
};

}  // namespace slimfit
