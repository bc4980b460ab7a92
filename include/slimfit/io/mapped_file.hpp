// SPDX-License-Identifier: MIT
// A file's bytes as memory, read by the system when they are touched (POSIX mmap).
#pragma once

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

/// Read-only. A file that another program shortens while it is mapped ends this one (SIGBUS); files replaced by
/// `atomic_file` are safe.
class mapped_file {
 public:
  /// @throws file_error when `path` cannot be opened or is not a regular file.
  explicit mapped_file(std::string const& path) {
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) { fail(path, std::strerror(errno)); }
    struct stat facts {};
    bool const regular = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
    size_ = regular ? static_cast<std::size_t>(facts.st_size) : 0;
    if (size_ > 0) { data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0); }
    int const reason = errno;
    ::close(descriptor);
    if (!regular) { fail(path, "expected a regular file"); }
    if (data_ == MAP_FAILED) { fail(path, std::strerror(reason)); }
  }
  mapped_file(mapped_file&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~mapped_file() {
    if (size_ > 0) { ::munmap(data_, size_); }
  }

  [[nodiscard]] std::span<std::byte const> bytes() const { return {static_cast<std::byte const*>(data_), size_}; }

 private:
  [[noreturn]] static void fail(std::string const& path, std::string const& reason) {
    throw file_error("slimfit: file " + path + " could not be read: " + reason);
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace slimfit
