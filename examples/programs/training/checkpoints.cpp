// SPDX-License-Identifier: MIT
#include "checkpoints.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <new>
#include <slimfit/core/error.hpp>
#include <system_error>

namespace examples {

namespace {

constexpr char const* no_memory = "slimfit: there is no memory for a checkpoint's copy of the run";

std::atomic<bool> was_written = false;

void save(slimfit::run_snapshot const& snapshot, std::string const& path, std::string const& previous) {
  snapshot.save(path, previous);
  was_written = true;
}

}  // namespace

std::string checkpoint_path(training_options const& options) { return options.out + "/checkpoint.safetensors"; }
std::string previous_checkpoint_path(training_options const& options) {
  return options.out + "/checkpoint.previous.safetensors";
}

std::string replaced_checkpoint_path(training_options const& options) {
  return options.out + "/checkpoint.replaced.safetensors";
}

void remove_checkpoints(training_options const& options) {
  std::error_code ignored;
  for (auto const& path :
       {checkpoint_path(options), previous_checkpoint_path(options), replaced_checkpoint_path(options)}) {
    std::filesystem::remove(path, ignored);
  }
  was_written = false;
}

void set_aside_checkpoints(training_options const& options) {
  // The newest is the one to keep. Until it is moved `--resume` finds it rather than the one before.
  for (auto const& path : {previous_checkpoint_path(options), checkpoint_path(options)}) {
    std::error_code problem;
    if (!std::filesystem::exists(path, problem)) { continue; }
    std::filesystem::rename(path, replaced_checkpoint_path(options), problem);
    if (problem) {
      throw slimfit::file_error("slimfit: --out: " + path + ", of a run that was interrupted, could not be moved to " +
                                replaced_checkpoint_path(options) + ": " + problem.message());
    }
  }
}

bool checkpoint_was_written() { return was_written; }

checkpoint_writer::checkpoint_writer(training_options const& options) : options_(options) {}
checkpoint_writer::~checkpoint_writer() { wait(); }

bool checkpoint_writer::is_due() const {
  return options_.checkpoint_minutes > 0 &&
         clock::now() - begun_ >= std::chrono::duration<double, std::ratio<60>>(options_.checkpoint_minutes);
}

void checkpoint_writer::begin(copy_function const& copy) {
  wait();
  begun_ = clock::now();
  written_ = false;
  try {
    auto work = [snapshot = copy(), path = checkpoint_path(options_), previous = previous_checkpoint_path(options_)] {
      save(snapshot, path, previous);
    };
    // Where no thread can be had the file is written in `wait`.
    writing_ = std::async(std::launch::async | std::launch::deferred, std::move(work));
  } catch (std::bad_alloc const&) { say(no_memory); } catch (slimfit::memory_error const& problem) {
    say(problem.what());
  }
}

bool checkpoint_writer::is_writing() {
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::timeout) { wait(); }
  return writing_.valid();
}

bool checkpoint_writer::wait() {
  if (!writing_.valid()) { return written_; }
  written_ = false;
  try {
    writing_.get();
    written_ = true;
  } catch (std::exception const& problem) { say(problem.what()); }
  return written_;
}

void checkpoint_writer::write(copy_function const& copy) try {
  wait();
  written_ = false;
  save(copy(), checkpoint_path(options_), previous_checkpoint_path(options_));
  written_ = true;
} catch (std::bad_alloc const&) { throw slimfit::memory_error(no_memory); }

void checkpoint_writer::say(char const* problem) {
  std::fprintf(stderr, "no checkpoint could be written: %s\n", problem);
}

}  // namespace examples
