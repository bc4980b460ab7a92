// SPDX-License-Identifier: MIT
// Writes a file so that readers see the old content or the new, never a part: into a temporary file in the same folder,
// to the disk, then a rename. Whatever goes wrong before the rename leaves the old file alone.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>
#include <slimfit/io/temporary_file.hpp>

namespace slimfit {

/// A file that appears under its name when `commit` is called, and not before.
class atomic_file {
 public:
  /// @throws file_error when no file can be created in the folder of `path`.
  explicit atomic_file(std::string path) : path_(std::move(path)) {
    descriptor_ = create_temporary(path_, temporary_);
    if (descriptor_ < 0) { fail("created", errno); }
  }
  atomic_file(atomic_file const&) = delete;
  atomic_file& operator=(atomic_file const&) = delete;
  /// Without `commit` the temporary file is removed.
  ~atomic_file() { discard(); }

  /// Appends `bytes` bytes.
  /// @throws file_error, e.g. when the disk is full; the temporary file is gone then.
  void write(void const* data, index_t bytes) {
    auto const* position = static_cast<char const*>(data);
    while (bytes > 0) {
      auto const written = ::write(descriptor_, position, static_cast<std::size_t>(bytes));
      if (written < 0 && errno == EINTR) { continue; }
      if (written <= 0) { fail("written", written < 0 ? errno : ENOSPC); }
      position += written;
      bytes -= written;
    }
  }

  /// Brings the content to the disk and gives the file its name. What programs that were killed left of their
  /// temporary files for the same name goes away.
  /// @param before where the file goes that had the name; empty: it is replaced
  /// @throws file_error; the old file is unchanged then, but may have its other name.
  void commit(std::string const& before = {}) {
    // Temporary files are private; the result gets what the old file had, or what a new one would get.
    static_cast<void>(::fchmod(descriptor_, permissions()));
    while (::fsync(descriptor_) != 0) {
      if (errno != EINTR) { fail("written to the disk", errno); }
    }
    if (!before.empty() && std::rename(path_.c_str(), before.c_str()) != 0 && errno != ENOENT) {
      fail(("renamed to " + before).c_str(), errno);
    }
    // It stays open, and so locked, until it has its name: it must not be swept before.
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) { fail("renamed", errno); }
    ::close(std::exchange(descriptor_, -1));
    sync_folder();
    sweep_temporaries(path_);
  }

 private:
  [[noreturn]] void fail(char const* action, int reason) {
    discard();
    throw file_error("slimfit: file " + path_ + " could not be " + action + ": " + std::strerror(reason));
  }
  void discard() noexcept {
    if (descriptor_ < 0) { return; }
    ::unlink(temporary_.c_str());
    ::close(std::exchange(descriptor_, -1));
  }
  [[nodiscard]] mode_t permissions() const {
    struct stat old {};
    if (::stat(path_.c_str(), &old) == 0) { return old.st_mode & 0777U; }
    mode_t const mask = ::umask(0);
    ::umask(mask);
    return 0666U & ~mask;
  }
  /// The new name itself must survive a crash. Some file systems cannot sync folders; the file is whole all the same.
  void sync_folder() const noexcept {
    auto const slash = path_.rfind('/');
    auto const end = slash == 0 ? 1 : slash;
    int const folder = ::open(slash == std::string::npos ? "." : path_.substr(0, end).c_str(), O_RDONLY | O_DIRECTORY);
    if (folder < 0) { return; }
    ::fsync(folder);
    ::close(folder);
  }

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace slimfit
