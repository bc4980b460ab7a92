// SPDX-License-Identifier: MIT
// The processes that `mpirun` has started for one command: who of them writes, what they tell each other, how they end
// together. In a build without MPI there is one.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <slimfit/core/config.hpp>

namespace examples {

/// What the launcher says to this process, known before MPI begins. Of a program started by itself: one process.
struct launch {
  int rank = 0;
  int size = 1;
  int on_this_machine = 1;  ///< ranks
};
launch const& launched();

/// Prints a line to the standard error, on the first rank.
void note(std::string const& text);

/// Threads of the host backend where `--threads` is `chosen`: for 0 the machine's, shared by the ranks on it.
int threads_of_rank(int chosen);

class command_ranks {
 public:
  /// Begins MPI where several processes were started, or `connects` says so. What any but the first prints to the
  /// standard output is not shown.
  /// @throws slimfit::value_error where there are several and the program was built without MPI,
  /// slimfit::communication_error
  explicit command_ranks(bool connects = false);
  command_ranks(command_ranks const&) = delete;
  command_ranks& operator=(command_ranks const&) = delete;
  ~command_ranks();

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  /// Whether this is the one that writes files.
  [[nodiscard]] bool is_first() const { return rank_ == 0; }

  // All ranks call these in the same order. They throw slimfit::communication_error.

  /// The most that any rank says.
  [[nodiscard]] int most(int mine) const;
  /// @param number the same on all ranks, @param what it is of, in words
  /// @throws slimfit::value_error on all ranks where it is not
  void require_same(std::uint64_t number, std::string const& what) const;
  /// What all ranks have, in their order.
  [[nodiscard]] std::vector<float> joined(std::vector<float> mine) const;

  /// Keeps a communicator to the end, so that an exception ends no connection before `end_by` has told of it.
  void keep(std::any communicator) { kept_.push_back(std::move(communicator)); }
  /// To be called as soon as this rank cannot go on, before it waits for anything of its own: learns whether the others
  /// cannot either.
  void meet();
  /// To be called when there is nothing left to wait for. Where no rank can go on, the first tells why, in one message.
  /// Where others could, this rank tells why, and ends them all.
  /// @param elsewhere whether the problem is another rank's
  /// @param advice to go with the message of this rank, and of all where it is the first; may be empty
  void end_by(std::string const& problem, bool elsewhere, std::string const& advice);

 private:
  struct connection;

  int rank_ = 0;
  int size_ = 1;
  std::shared_ptr<connection> connection_;  ///< null where there is one rank
  std::vector<std::any> kept_;              ///< ends before the connection
};

}  // namespace examples
