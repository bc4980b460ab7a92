// SPDX-License-Identifier: MIT
// Makes batches, ahead of the training step where there are threads for it. Threads share the samples of one batch, so
// a few buffers do; what a sample becomes depends on its number and epoch alone, so batches are the same whatever the
// number of threads.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "samples.hpp"

namespace examples {

/// One batch. Valid until the next one is made.
template <class Input, class Label>
struct sample_batch {
  std::span<Input const> inputs;
  std::span<Label const> labels;
};

/// Which samples make a batch, and in which pass over the data.
struct batch_contents {
  index_t epoch = 0;
  std::vector<index_t> samples;  ///< none: there is no such batch
};

template <class Input, class Label>
class batch_loader {
 public:
  using source_type = sample_source<Input, Label>;
  /// The contents of a batch by its number. Called by one thread at a time.
  using contents_function = std::function<batch_contents(index_t)>;

  /// @param source must outlive the loader
  /// @param inputs, labels numbers of a sample
  /// @param threads that work ahead, from the first batch on; 0: batches are made when they are asked for
  batch_loader(source_type const& source, index_t inputs, index_t labels, int threads, contents_function contents)
      : source_(source),
        inputs_each_(inputs),
        labels_each_(labels),
        threads_(threads),
        contents_(std::move(contents)) {}
  batch_loader(batch_loader const&) = delete;
  batch_loader& operator=(batch_loader const&) = delete;
  ~batch_loader() {
    {
      std::lock_guard const guard(lock_);
      stopping_ = true;
    }
    work_.notify_all();
    for (auto& worker : workers_) { worker.join(); }
  }

  /// Batch `number`. In order they are ready soonest; any other is begun when it is asked for.
  /// @throws what the source threw for one of its samples, the first of the batch if there are several
  sample_batch<Input, Label> get(index_t number) {
    if (threads_ == 0) { return made_here(number); }
    std::unique_lock lock(lock_);
    if (number != expected_) { begin_at(number, lock); }
    while (std::ssize(workers_) < threads_) {
      workers_.emplace_back([this] { serve(); });
    }
    expected_ = number + 1;
    limit_ = number + buffer_count;  // the buffer of the batch before is free now
    work_.notify_all();
    auto const& batch = buffer_of(number);
    done_.wait(lock, [&] { return opened_ > number && batch.finished == batch.size(); });
    if (batch.failure) {
      expected_ = none;
      std::rethrow_exception(batch.failure);
    }
    return {batch.inputs, batch.labels};
  }

 private:
  /// One is in use, the others are ready or being made.
  static constexpr index_t buffer_count = 3;
  static constexpr index_t none = -1;

  struct buffer {
    batch_contents contents;
    std::vector<Input> inputs;
    std::vector<Label> labels;
    index_t begun = 0;     ///< samples that were given to a thread
    index_t finished = 0;  ///< samples that are there, or failed
    index_t failed = 0;    ///< place of the first that failed
    std::exception_ptr failure;

    [[nodiscard]] index_t size() const { return std::ssize(contents.samples); }
  };

  buffer& buffer_of(index_t number) { return buffers_[static_cast<std::size_t>(number % buffer_count)]; }

  void open(index_t number, buffer& batch) {
    batch.begun = 0;
    batch.finished = 0;
    batch.failure = nullptr;
    batch.contents = contents_(number);
    batch.inputs.resize(static_cast<std::size_t>(batch.size() * inputs_each_));
    batch.labels.resize(static_cast<std::size_t>(batch.size() * labels_each_));
  }
  void fill(buffer& batch, index_t place) const {
    source_.fill(batch.contents.samples[static_cast<std::size_t>(place)], batch.contents.epoch,
                 batch.inputs.data() + place * inputs_each_, batch.labels.data() + place * labels_each_);
  }
  sample_batch<Input, Label> made_here(index_t number) {
    auto& batch = buffers_[0];
    open(number, batch);
    for (index_t i = 0; i < batch.size(); ++i) { fill(batch, i); }
    return {batch.inputs, batch.labels};
  }

  /// Forgets what was made ahead, once the threads have finished the samples they are at.
  void begin_at(index_t number, std::unique_lock<std::mutex>& lock) {
    current_ = nullptr;
    limit_ = 0;
    done_.wait(lock, [&] { return busy_ == 0; });
    opened_ = number;
  }

  /// The buffer that the next sample goes to, or null where there is nothing to do.
  buffer* next_buffer() {
    while (current_ == nullptr || current_->begun == current_->size()) {
      if (opened_ >= limit_) { return nullptr; }
      current_ = &buffer_of(opened_);
      try {
        open(opened_, *current_);
      } catch (...) {
        current_->contents.samples.clear();
        current_->failure = std::current_exception();
      }
      ++opened_;
      if (current_->size() == 0) { done_.notify_all(); }
    }
    return current_;
  }

  /// What a thread does.
  void serve() {
    std::unique_lock lock(lock_);
    while (true) {
      buffer* batch = nullptr;
      work_.wait(lock, [&] { return stopping_ || (batch = next_buffer()) != nullptr; });
      if (stopping_) { return; }
      index_t const place = batch->begun++;
      ++busy_;
      lock.unlock();
      std::exception_ptr failure;
      try {
        fill(*batch, place);
      } catch (...) { failure = std::current_exception(); }
      lock.lock();
      --busy_;
      ++batch->finished;
      if (failure && (!batch->failure || place < batch->failed)) {
        batch->failure = std::move(failure);
        batch->failed = place;
      }
      if (busy_ == 0 || batch->finished == batch->size()) { done_.notify_all(); }
    }
  }

  source_type const& source_;
  index_t inputs_each_;
  index_t labels_each_;
  int threads_;
  contents_function contents_;
  std::vector<std::thread> workers_;

  std::mutex lock_;  // of everything below, except the samples that threads are at
  std::condition_variable work_;
  std::condition_variable done_;
  buffer buffers_[buffer_count];
  buffer* current_ = nullptr;  ///< whose samples are being given out
  index_t opened_ = 0;         ///< batches up to this number have a buffer
  index_t limit_ = 0;          ///< batches up to this number may have one
  index_t expected_ = none;    ///< number that `get` goes on with
  index_t busy_ = 0;           ///< samples that threads are at
  bool stopping_ = false;
};

}  // namespace examples
