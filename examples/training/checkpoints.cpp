// SPDX-License-Identifier: MIT
#include "checkpoints.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace examples {

namespace {

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

void remove_checkpoints(training_options const& options) {
  std::error_code ignored;
  std::filesystem::remove(checkpoint_path(options), ignored);
  std::filesystem::remove(previous_checkpoint_path(options), ignored);
  was_written = false;
}

bool checkpoint_was_written() { return was_written; }

checkpoint_writer::checkpoint_writer(training_options const& options) : options_(options) {}
checkpoint_writer::~checkpoint_writer() { wait(); }

bool checkpoint_writer::is_due() const {
  return options_.checkpoint_minutes > 0 &&
         clock::now() - begun_ >= std::chrono::duration<double, std::ratio<60>>(options_.checkpoint_minutes);
}

void checkpoint_writer::begin(slimfit::run_snapshot snapshot) {
  wait();
  begun_ = clock::now();
  auto work = [snapshot = std::move(snapshot), path = checkpoint_path(options_),
               previous = previous_checkpoint_path(options_)] { save(snapshot, path, previous); };
  // Where no thread can be had the file is written in `wait`.
  writing_ = std::async(std::launch::async | std::launch::deferred, std::move(work));
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
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "no checkpoint could be written: %s\n", problem.what());
  }
  return written_;
}

void checkpoint_writer::write(slimfit::run_snapshot const& snapshot) {
  wait();
  written_ = false;
  save(snapshot, checkpoint_path(options_), previous_checkpoint_path(options_));
  written_ = true;
}

}  // namespace examples
