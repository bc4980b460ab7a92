// SPDX-License-Identifier: MIT
// Memory of a trainer that lives longer than a pass: the batch in the backend's memory, and the arena's block.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <slimfit/backend/device.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/models/training_pass.hpp>

namespace slimfit {

/// Inputs, labels and results of one batch on a backend, in category::data.
template <class Device, class Network>
class batch_buffers {
 public:
  using input_type = typename Network::input_type;
  using label_type = typename Network::loss_type::label_type;

  explicit batch_buffers(Device& device) : device_(&device), step_(device.memory(), 1, category::data) {
    read_total_.reserve(1);
    outgoing_.reserve(1);
  }

  /// The sequences of samples, whose offsets are not on the backend yet: what a plan of their step needs. Valid until
  /// the next call.
  sequence_batch arrange(std::span<input_type const> inputs, index_t count) {
    arranged_ = Network::arrange(inputs, count);
    return arranged_.sequences(nullptr);
  }
  /// Copies what was arranged to the backend. @throws memory_error; there is no batch then
  void load(std::span<label_type const> labels) {
    std::span<input_type const> const inputs = arranged_.inputs();
    std::span<std::int32_t const> const offsets = arranged_.offsets();
    auto const count = arranged_.sequences(nullptr).count();
    if (std::ssize(labels) != held_.labels.size() || std::ssize(inputs) != held_.inputs.size() ||
        std::ssize(offsets) != held_.offsets.size()) {
      held_ = {};  // so that there are never two
      auto& memory = device_->memory();
      held_ = {{memory, std::ssize(inputs), category::data},
               {memory, std::ssize(offsets), category::data},
               {memory, std::ssize(labels), category::data},
               {memory, count, category::data}};
    }
    device_->copy(inputs.data(), held_.inputs.data(), held_.inputs.size());
    if (!offsets.empty()) { device_->copy(offsets.data(), held_.offsets.data(), held_.offsets.size()); }
    device_->copy(labels.data(), held_.labels.data(), held_.labels.size());
  }
  /// Both.
  void load(std::span<input_type const> inputs, std::span<label_type const> labels) {
    arrange(inputs, std::ssize(labels) / Network::loss_type::labels);
    load(labels);
  }

  /// Enqueues that passes draw their random numbers by these from now on.
  void draw_by(step_numbers const& numbers) {
    outgoing_.values(1).front() = numbers;
    outgoing_.send(*device_, &step_.data()->numbers);
  }

  /// The sequences of the batch, all of it in host memory.
  [[nodiscard]] sequence_batch host_sequences() const { return arranged_.sequences(arranged_.offsets().data()); }
  [[nodiscard]] batch_view<Network> view() const {
    return {held_.inputs.data(),  held_.labels.data(),  arranged_.sequences(held_.offsets.data()),
            held_.results.data(), &step_.data()->total, &step_.data()->numbers};
  }
  /// Enqueues the copy of the last pass's result to the host.
  void request_result() { read_total_.request(*device_, &step_.data()->total, 1); }
  /// Waits for what was requested last.
  [[nodiscard]] batch_result result() { return read_total_.wait().front(); }
  /// Adds the bytes of all buffers to `held`.
  void add_to(byte_counts& held) const {
    held_.inputs.add_to(held);
    held_.offsets.add_to(held);
    held_.labels.add_to(held);
    held_.results.add_to(held);
    step_.add_to(held);
  }
  /// The result of each sample of the last pass, in host memory.
  [[nodiscard]] std::vector<sample_result> results() const {
    std::vector<sample_result> values(static_cast<std::size_t>(held_.results.size()));
    device_->copy(held_.results.data(), values.data(), held_.results.size());
    return values;
  }
  /// The inputs of the batch, in host memory.
  [[nodiscard]] std::vector<input_type> inputs() const {
    std::vector<input_type> values(static_cast<std::size_t>(held_.inputs.size()));
    device_->copy(held_.inputs.data(), values.data(), held_.inputs.size());
    return values;
  }

 private:
  using resource_type = typename Device::resource_type;
  /// All of one batch or nothing.
  struct batch_memory {
    buffer<input_type, resource_type> inputs;
    buffer<std::int32_t, resource_type> offsets;
    buffer<label_type, resource_type> labels;
    buffer<sample_result, resource_type> results;
  };

  Device* device_;
  typename Network::arranged_type arranged_;
  batch_memory held_;
  buffer<step_memory, resource_type> step_;
  typename Device::template outbox<step_numbers> outgoing_;
  typename Device::template readback<batch_result> read_total_;
};

/// One block for an arena. The ledger counts what the arena puts in it, the resource the block.
template <class Device>
class arena_block {
 public:
  explicit arena_block(Device& device) : device_(&device) {}
  arena_block(arena_block const&) = delete;
  arena_block& operator=(arena_block const&) = delete;
  ~arena_block() { free(); }

  /// Makes sure that there are `bytes`. What the block held is lost when it grows.
  /// @throws memory_error; the block is then empty
  void reserve(index_t bytes) {
    require_at_least("arena block: bytes", bytes, index_t{0});
    if (bytes <= size_) { return; }
    free();
    data_ = static_cast<std::byte*>(device_->memory().allocate(bytes, "activations"));
    size_ = bytes;
    // A rehearsal runs products on memory that nothing has written yet.
    if constexpr (device_traits<Device>::rehearses) { device_->fill_zero(data_, size_); }
  }

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] index_t size() const { return size_; }

 private:
  void free() noexcept {
    if (data_ != nullptr) { device_->memory().deallocate(data_, size_); }
    data_ = nullptr;
    size_ = 0;
  }

  Device* device_;
  std::byte* data_ = nullptr;
  index_t size_ = 0;
};

}  // namespace slimfit
