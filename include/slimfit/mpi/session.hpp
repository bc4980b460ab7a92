// SPDX-License-Identifier: MIT
// This process's place in an MPI job: begins and ends MPI where the program does not, and waits for other ranks no
// longer than it was told.
#pragma once

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#define OMPI_SKIP_MPICXX 1  // C++ of their own, which the standard has given up
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

struct mpi_options {
  double time_limit = 300;          ///< seconds that a rank waits for others, at most
  MPI_Comm ranks = MPI_COMM_WORLD;  ///< who they are: all of the job, or a group that the program has made
};

namespace detail {

/// Ranks that send nothing but what the library does.
class mpi_session {
 public:
  /// @throws communication_error when MPI does not begin, value_error for a time limit that is none, usage_error where
  /// MPI has ended: it cannot begin again
  explicit mpi_session(mpi_options const& options) : options_(options) {
    if (!(options.time_limit > 0)) {
      throw value_error(mismatch("mpi: time_limit", options.time_limit, "more than 0 seconds"));
    }
    int ended = 0;
    MPI_Finalized(&ended);
    if (ended != 0) {
      throw usage_error(
          "slimfit: mpi: MPI has ended in this process and cannot begin again, expected a communicator that lives for "
          "as long as ranks train: the one that began MPI ends it");
    }
    int begun = 0;
    MPI_Initialized(&begun);
    if (begun == 0) {
      int provided = 0;
      check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
      ends_ = true;
    }
    check(MPI_Comm_dup(options.ranks, &ranks_), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(ranks_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(ranks_, &rank_);
    MPI_Comm_size(ranks_, &size_);
  }
  mpi_session(mpi_session const&) = delete;
  mpi_session& operator=(mpi_session const&) = delete;
  /// Where this rank ends by an exception that the others do not have, it ends them too: they would wait for it.
  ~mpi_session() {
    bool const fails = std::uncaught_exceptions() > exceptions_;
    if (!reason_.empty() || (fails && !missing(others_end).empty())) {
      std::fprintf(stderr, "slimfit: mpi: rank %d of %d ends by an error, and with it all others%s%s\n", rank_, size_,
                   reason_.empty() ? "" : ": ", reason_.c_str());
      MPI_Abort(ranks_, 1);
    }
    MPI_Comm_free(&ranks_);
    if (ends_) { MPI_Finalize(); }
  }

  [[nodiscard]] MPI_Comm ranks() const { return ranks_; }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

  /// @throws communication_error unless `code` is MPI_SUCCESS
  void check(int code, char const* what) {
    if (code == MPI_SUCCESS) { return; }
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(code, text, &length);
    fail(std::string("slimfit: mpi: ") + what + ": " + std::string(text, text + length));
  }
  /// Waits for what `request` began.
  /// @throws communication_error when that takes longer than the time limit; nothing can be sent then any more
  void wait(MPI_Request& request, char const* what) {
    if (finishes(request, options_.time_limit, what)) { return; }
    auto const names = missing(others_wait);
    fail("slimfit: mpi: rank " + std::to_string(rank_) + " has waited " + std::to_string(options_.time_limit) +
         " seconds to " + what + "; there is no sign of " +
         (names.empty() ? "agreement, the ranks do different things" : names));
  }
  /// Gives what `request` began a second to end, so that it does not write into memory that goes.
  void abandon(MPI_Request& request) noexcept {
    try {
      if (reason_.empty()) { static_cast<void>(finishes(request, 1, "end")); }
    } catch (communication_error const&) {
      // There is a reason to end now.
    }
  }

 private:
  /// @return whether it was done in time
  bool finishes(MPI_Request& request, double seconds, char const* what) {
    auto const begin = std::chrono::steady_clock::now();
    while (true) {
      int done = 0;
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
      if (done != 0) { return true; }
      if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > seconds) { return false; }
      std::this_thread::yield();
    }
  }
  /// What ranks tell each other outside of what they do together.
  enum message : int { others_wait = 1, others_end = 2 };

  [[noreturn]] void fail(std::string const& reason) {
    reason_ = reason;
    throw communication_error(reason);
  }
  /// The ranks that do not say the same as this one within two seconds.
  std::string missing(message about) noexcept {
    auto const count = static_cast<std::size_t>(size_);
    std::vector<MPI_Request> arrivals(count, MPI_REQUEST_NULL);
    for (int other = 0; other < size_; ++other) {
      if (other == rank_) { continue; }
      MPI_Request sent = MPI_REQUEST_NULL;
      MPI_Isend(nullptr, 0, MPI_BYTE, other, about, ranks_, &sent);
      MPI_Request_free(&sent);
      MPI_Irecv(nullptr, 0, MPI_BYTE, other, about, ranks_, &arrivals[static_cast<std::size_t>(other)]);
    }
    std::string names;
    auto const begin = std::chrono::steady_clock::now();
    for (int other = 0; other < size_; ++other) {
      int done = 0;
      while (done == 0 && std::chrono::steady_clock::now() - begin < std::chrono::seconds(2)) {
        if (MPI_Test(&arrivals[static_cast<std::size_t>(other)], &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) { break; }
        std::this_thread::yield();
      }
      if (done == 0) { names += (names.empty() ? "rank " : ", rank ") + std::to_string(other); }
    }
    return names;
  }

  mpi_options options_;
  MPI_Comm ranks_ = MPI_COMM_NULL;
  int exceptions_ = std::uncaught_exceptions();
  int rank_ = 0;
  int size_ = 1;
  bool ends_ = false;   ///< whether MPI ends with this
  std::string reason_;  ///< why what was begun with others may never end
};

}  // namespace detail
}  // namespace slimfit
