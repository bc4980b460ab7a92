// SPDX-License-Identifier: MIT
// Threads that share the tasks of one call. The caller works too and never waits for a thread that has not begun: on a
// busy machine a call takes at most as long as alone, while a barrier that all threads must reach (an OpenMP parallel
// region) then takes a time slice of the operating system each time. Whoever waits looks for a moment and then sleeps,
// so that the processor is free for a thread of this pool, or of the program, that has work.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

class task_pool {
 public:
  /// @param threads that work on a call, the caller included
  /// @throws error when the system does not let the process start so many
  explicit task_pool(int threads) {
    try {
      for (int i = 1; i < threads; ++i) {
        workers_.emplace_back([this] { serve(); });
      }
    } catch (std::system_error const& reason) {
      auto const started = std::to_string(this->threads());
      stop();
      raise_mismatch<error>("threads", threads,
                            {"at most the ", started, " that the system lets this process have (", reason.what(), ")"});
    } catch (...) {
      stop();
      throw;
    }
  }
  task_pool(task_pool const&) = delete;
  task_pool& operator=(task_pool const&) = delete;
  ~task_pool() { stop(); }

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Runs `task(i)` for `i` in [0, count), each once, and returns when all are done. From within a task, or while
  /// another thread's call runs, it works on the calling thread alone.
  /// @throws what a task threw, one of them if several did
  template <class Task>
  void run(index_t count, Task const& task) {
    run_all(count, {&invoke<Task>, &task});
  }

 private:
  /// The one compiled copy of a task's body: two inlined ones could round differently, and results must not depend on
  /// the number of threads.
  template <class Task>
  [[gnu::noinline]] static void invoke(void const* context, index_t i) {
    (*static_cast<Task const*>(context))(i);
  }
  /// A task without its type: what follows is compiled once, not for every task.
  struct any_task {
    void (*invoke)(void const*, index_t) = nullptr;
    void const* context = nullptr;
    void operator()(index_t i) const { invoke(context, i); }
  };

  [[gnu::noinline]] void run_all(index_t count, any_task task) {
    std::unique_lock lock(calls_, std::defer_lock);
    if (workers_.empty() || count < 2 || inside_task() || !lock.try_lock()) {
      for (index_t i = 0; i < count; ++i) { task(i); }
      return;
    }
    task_ = task;
    count_ = count;
    next_ = 0;
    failure_ = nullptr;
    open_ = true;
    wake();
    work();
    open_ = false;
    wait_for_workers();
    if (failure_) { std::rethrow_exception(failure_); }
  }

  /// How often a thread looks before it sleeps: about as long as it takes to wake one.
  static constexpr int looks = 4000;
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }

  static bool& inside_task() {
    thread_local bool inside = false;
    return inside;
  }

  void stop() {
    stopping_ = true;
    wake();
    for (auto& worker : workers_) { worker.join(); }
    workers_.clear();
  }

  void wake() {
    ++generation_;
    if (sleeping_ != 0) { generation_.notify_all(); }
  }

  /// Takes tasks until there are none left.
  void work() {
    inside_task() = true;
    for (index_t i = next_++; i < count_; i = next_++) {
      try {
        task_(i);
      } catch (...) {
        std::lock_guard const guard(failure_lock_);
        failure_ = std::current_exception();
      }
    }
    inside_task() = false;
  }

  void serve() {
    std::uint32_t seen = 0;
    while (true) {
      seen = next_generation(seen);
      if (stopping_) { return; }
      // Either this thread sees that the call has ended, or the caller sees that it is busy: both are sequentially
      // consistent, in opposite order.
      ++busy_;
      if (open_) { work(); }
      --busy_;
      if (caller_sleeps_) { busy_.notify_all(); }
    }
  }

  /// Until no thread is at a task. A thread that the system has put off gets the processor of a caller that sleeps.
  void wait_for_workers() {
    for (int i = 0; i < looks && busy_ != 0; ++i) { pause(); }
    if (busy_ == 0) { return; }
    caller_sleeps_ = true;
    for (int busy = busy_; busy != 0; busy = busy_) { busy_.wait(busy); }
    caller_sleeps_ = false;
  }

  /// Waits until the generation is not `seen`: briefly at work, then asleep.
  std::uint32_t next_generation(std::uint32_t seen) {
    for (int i = 0; i < looks; ++i) {
      auto const now = generation_.load();
      if (now != seen) { return now; }
      pause();
    }
    ++sleeping_;
    generation_.wait(seen);
    --sleeping_;
    return generation_.load();
  }

  std::vector<std::thread> workers_;
  std::mutex calls_;
  std::mutex failure_lock_;
  std::exception_ptr failure_;
  any_task task_;
  index_t count_ = 0;
  std::atomic<index_t> next_ = 0;
  std::atomic<bool> open_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> busy_ = 0;
  std::atomic<bool> caller_sleeps_ = false;
  std::atomic<int> sleeping_ = 0;
  std::atomic<std::uint32_t> generation_ = 0;
};

}  // namespace slimfit
