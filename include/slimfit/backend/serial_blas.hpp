// SPDX-License-Identifier: MIT
// Keeps a BLAS from starting threads of its own inside a product: the backend has cut the work into parallel pieces
// already, and pieces that are cut again, differently on each machine, round differently and wait for each other. What
// the program has set for its own products and its own OpenMP regions stays as it is.
#pragma once

#include <mutex>

#include <slimfit/backend/blas_functions.hpp>

namespace slimfit {

namespace detail {

/// How a BLAS is told on how many threads to compute.
struct blas_threads {
  /// Sets the number and returns what it was; null where there is none to set.
  int (*exchange)(int) = nullptr;
  /// Whether there is one number for the whole process, not one for each thread.
  bool of_process = false;
};

/// OpenMP keeps its number for each thread.
inline int exchange_openmp_threads(int threads) {
  static auto* const get = openmp_function<int()>("omp_get_max_threads");
  static auto* const set = openmp_function<void(int)>("omp_set_num_threads");
  if (get == nullptr || set == nullptr) { return threads; }
  int const before = get();
  if (before != threads) { set(threads); }
  return before;
}

inline int exchange_openblas_threads(int threads) {
  static auto* const get = blas_function<int()>("openblas_get_num_threads");
  static auto* const set = blas_function<void(int)>("openblas_set_num_threads");
  int const before = get();
  if (before != threads) { set(threads); }
  return before;
}

/// BLIS counts in its own integers, and says -1 where nothing was set.
inline int exchange_blis_threads(int threads) {
  static auto* const get = blas_function<long()>("bli_thread_get_num_threads");
  static auto* const set = blas_function<void(long)>("bli_thread_set_num_threads");
  long const before = get();
  if (before != threads) { set(threads); }
  return static_cast<int>(before);
}

/// MKL's number for the calling thread; 0 where it is the process's.
inline int exchange_mkl_threads(int threads) {
  static auto* const set = blas_function<int(int)>("MKL_Set_Num_Threads_Local");
  return set(threads);
}

/// What the BLAS that was found goes by. A library that is not known may ask OpenMP.
inline blas_threads const& threads_of_blas() {
  static blas_threads const found = []() -> blas_threads {
    auto const has = [](char const* name) { return blas_function<void()>(name) != nullptr; };
    if (has("openblas_get_num_threads") && has("openblas_set_num_threads")) {
      // 0: has no threads, 1: its own, 2: OpenMP's. Its function to set them would set OpenMP's for the program as
      // well.
      auto* const kind = blas_function<int()>("openblas_get_parallel");
      if (kind != nullptr && kind() == 0) { return {}; }
      if (kind == nullptr || kind() == 1) { return {exchange_openblas_threads, true}; }
    } else if (has("bli_thread_get_num_threads") && has("bli_thread_set_num_threads")) {
      return {exchange_blis_threads, true};
    } else if (has("MKL_Set_Num_Threads_Local")) {
      return {exchange_mkl_threads, false};
    }
    return {exchange_openmp_threads, false};
  }();
  return found;
}

/// Several threads' turns with a number that the process has one of: the first one to come sets it to one, the last one
/// to go sets it back.
class serial_process {
 public:
  void enter(int (*exchange)(int)) {
    std::lock_guard const guard(lock_);
    if (users_++ == 0) { before_ = exchange(1); }
  }
  void leave(int (*exchange)(int)) {
    std::lock_guard const guard(lock_);
    if (--users_ > 0) { return; }
    int const last = exchange(before_);
    if (last != 1) { exchange(last); }  // the program has set another in the meantime
  }
  static serial_process& instance() {
    static serial_process only;
    return only;
  }

 private:
  std::mutex lock_;
  int users_ = 0;
  int before_ = 1;
};

}  // namespace detail

/// While one lives, a BLAS that this thread calls computes on it alone. A number of threads of the thread's own is set
/// to one and back; where the library has one number for the process, it is one while any thread is in a product.
class serial_blas_scope {
 public:
  serial_blas_scope() {
    auto const& threads = detail::threads_of_blas();
    if (threads.exchange == nullptr) { return; }
    if (threads.of_process) {
      detail::serial_process::instance().enter(threads.exchange);
    } else {
      before_ = threads.exchange(1);
    }
  }
  ~serial_blas_scope() {
    auto const& threads = detail::threads_of_blas();
    if (threads.exchange == nullptr) { return; }
    if (threads.of_process) {
      detail::serial_process::instance().leave(threads.exchange);
    } else {
      threads.exchange(before_);
    }
  }
  serial_blas_scope(serial_blas_scope const&) = delete;
  serial_blas_scope& operator=(serial_blas_scope const&) = delete;

 private:
  int before_ = 1;
};

}  // namespace slimfit
