// SPDX-License-Identifier: MIT
// This process's place among the ranks of NCCL: nothing waits for other ranks longer than it was told, and what fails
// on one ends what all had begun.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nccl.h>
#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/nccl/start.hpp>

namespace slimfit {

struct nccl_options {
  double time_limit = 300;  ///< seconds that a rank waits for others, at most
};

namespace detail {

class nccl_session {
 public:
  /// @throws communication_error when not all ranks join in time, value_error for a time limit that is none
  nccl_session(nccl_start const& start, nccl_options const& options)
      : options_(options), rank_(start.rank), size_(start.size) {
    if (!(options.time_limit > 0)) {
      throw value_error(slimfit::mismatch("nccl: time_limit", options.time_limit, "more than 0 seconds"));
    }
    cudaStream_t stream = nullptr;
    slimfit::check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream of the ranks' work");
    stream_.reset(stream);
    mark_ = new_event();
    fork_ = new_event();
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;  // so that no call waits for ever
    ncclComm_t ranks = nullptr;
    auto const begun = ncclCommInitRankConfig(&ranks, size_, start.id, rank_, &config);
    ranks_.reset(ranks);
    complete(begun, "join the others");
    if (rank_ == 0 && !start.file.empty()) {
      std::error_code ignored;
      std::filesystem::remove(start.file, ignored);
    }
  }
  nccl_session(nccl_session const&) = delete;
  nccl_session& operator=(nccl_session const&) = delete;
  /// Where this rank ends by an exception that others may not have, what they wait for ends too.
  ~nccl_session() {
    bool const fails = failed_ || std::uncaught_exceptions() > exceptions_;
    if (fails || !ends_well(ncclCommFinalize(ranks_.get()))) { return; }  // aborts
    (void)ncclCommDestroy(ranks_.release());
  }

  [[nodiscard]] ncclComm_t ranks() const { return ranks_.get(); }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

  /// Makes sure that a call of NCCL has enqueued its work.
  /// @throws communication_error unless it has, within the time limit; nothing can be sent then any more
  void complete(ncclResult_t result, char const* what) {
    auto const begin = clock::now();
    while (result == ncclInProgress) {
      if (is_late(begin)) { fail(what, "the other ranks have not done the same in time"); }
      std::this_thread::yield();
      if (auto const asked = ncclCommGetAsyncError(ranks_.get(), &result); asked != ncclSuccess) { result = asked; }
    }
    if (result != ncclSuccess) { fail(what, ncclGetErrorString(result)); }
  }
  /// For work beside a backend's stream.
  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }
  /// What is enqueued here from now on comes after what `from` has. @throws cuda_error
  void fork(cudaStream_t from) {
    slimfit::check(cudaEventRecord(fork_.get(), from), "event of the ranks' work");
    slimfit::check(cudaStreamWaitEvent(stream(), fork_.get(), 0), "event of the ranks' work");
  }
  /// Of what is enqueued so far, for `join`. @throws cuda_error
  [[nodiscard]] cudaEvent_t end_of_fork() {
    if (ends_.empty()) { ends_.push_back(new_event()); }
    slimfit::check(cudaEventRecord(ends_.back().get(), stream()), "event of the ranks' work");
    auto* const end = ends_.back().release();
    ends_.pop_back();
    return end;
  }
  /// What `to` is given from now on comes after it. @throws cuda_error
  void join(cudaEvent_t end, cudaStream_t to) {
    ends_.emplace_back(end);
    slimfit::check(cudaStreamWaitEvent(to, end, 0), "event of the ranks' work");
  }
  /// Remembers what was enqueued so far.
  void mark(cudaStream_t stream) { slimfit::check(cudaEventRecord(mark_.get(), stream), "event of the ranks' work"); }
  /// Waits for what was remembered last.
  /// @throws communication_error when that takes longer than the time limit or NCCL has found an error; cuda_error
  void wait(char const* what) {
    auto const begin = clock::now();
    while (true) {
      auto const status = cudaEventQuery(mark_.get());
      if (status == cudaSuccess) { return; }
      if (status != cudaErrorNotReady) { slimfit::check(status, what); }
      (void)cudaGetLastError();  // that it is not ready is no error of the next call
      ncclResult_t state = ncclSuccess;
      complete(ncclCommGetAsyncError(ranks_.get(), &state), what);
      if (state != ncclSuccess && state != ncclInProgress) { fail(what, ncclGetErrorString(state)); }
      if (is_late(begin)) { fail(what, "the other ranks have not done the same in time"); }
      std::this_thread::yield();
    }
  }

 private:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_late(clock::time_point begin) const {
    return std::chrono::duration<double>(clock::now() - begin).count() > options_.time_limit;
  }
  bool ends_well(ncclResult_t result) noexcept {
    for (auto const begin = clock::now(); result == ncclInProgress && !is_late(begin);) {
      std::this_thread::yield();
      if (ncclCommGetAsyncError(ranks_.get(), &result) != ncclSuccess) { return false; }
    }
    return result == ncclSuccess;
  }
  [[noreturn]] void fail(char const* what, char const* why) {
    failed_ = true;
    auto const* const more = ncclGetLastError(ranks_.get());
    auto const text = joined({"slimfit: nccl: rank ", rank_, " of ", size_, " could not ", what, ": ", why,
                              more != nullptr && *more != '\0' ? "; " : "", more != nullptr ? more : ""});
    ranks_.reset();  // kernels that wait for other ranks end
    throw communication_error(text);
  }

  struct abort_ranks {
    void operator()(ncclComm* ranks) const noexcept { (void)ncclCommAbort(ranks); }
  };
  struct destroy_event {
    void operator()(cudaEvent_t event) const noexcept { (void)cudaEventDestroy(event); }
  };
  struct destroy_stream {
    void operator()(cudaStream_t stream) const noexcept { (void)cudaStreamDestroy(stream); }
  };
  using event_type = std::unique_ptr<CUevent_st, destroy_event>;
  static event_type new_event() {
    cudaEvent_t event = nullptr;
    slimfit::check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event of the ranks' work");
    return event_type(event);
  }
  nccl_options options_;
  int rank_;
  int size_;
  int exceptions_ = std::uncaught_exceptions();
  bool failed_ = false;
  std::unique_ptr<CUstream_st, destroy_stream> stream_;
  event_type mark_;
  event_type fork_;
  std::vector<event_type> ends_;  ///< that no sum has now
  std::unique_ptr<ncclComm, abort_ranks> ranks_;
};

}  // namespace detail
}  // namespace slimfit
