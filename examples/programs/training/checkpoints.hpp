// SPDX-License-Identifier: MIT
// Writes a run's checkpoints beside its steps, so that whatever ends the program costs little work. The last two are
// kept: should the newer be damaged, the other is whole.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <slimfit/train/run_checkpoint.hpp>
#include <string>

#include "options.hpp"

namespace examples {

/// Where the newest checkpoint is kept.
std::string checkpoint_path(training_options const& options);
/// Where the one before is kept.
std::string previous_checkpoint_path(training_options const& options);
/// Where the newest of another command is kept, which this one was started in the place of.
std::string replaced_checkpoint_path(training_options const& options);
/// To be called when there is nothing left to resume.
void remove_checkpoints(training_options const& options);
/// To be called before the first step of a command that starts anew: `--resume` must not go on with another.
/// @throws slimfit::file_error where there is one that stays in its place
void set_aside_checkpoints(training_options const& options);

class checkpoint_writer {
 public:
  explicit checkpoint_writer(training_options const& options);
  checkpoint_writer(checkpoint_writer const&) = delete;
  checkpoint_writer& operator=(checkpoint_writer const&) = delete;
  /// Waits for the file.
  ~checkpoint_writer();

  /// Whether the last was begun so long ago that it is time for another.
  [[nodiscard]] bool is_due() const;
  /// Copies what a run is at, or throws.
  using copy_function = std::function<slimfit::run_snapshot()>;
  /// Copies and begins to write, once the one before is written. Where there is no memory for the copy that is said as
  /// in `wait`.
  /// @throws what else `copy` throws, e.g. slimfit::value_error where the run has diverged
  void begin(copy_function const& copy);
  /// Whether one is being written.
  bool is_writing();
  /// Waits for the one that was begun last. Why it could not be written is said on the terminal, here and by all that
  /// learn of it; training may go on, for the one before is still there.
  /// @return whether it is there
  bool wait();
  /// Writes one now. @throws slimfit::file_error, slimfit::memory_error; what `copy` throws
  void write(copy_function const& copy);

 private:
  using clock = std::chrono::steady_clock;

  static void say(char const* problem);

  training_options const& options_;
  clock::time_point begun_ = clock::now();
  std::future<void> writing_;
  bool written_ = false;  ///< the last one
};

/// Whether this program has written a checkpoint that is still there.
bool checkpoint_was_written();

}  // namespace examples
