// SPDX-License-Identifier: MIT
// A file's bytes as memory, read by the system when they are touched (POSIX mmap).
#pragma once

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

/// What a file may be, beside a regular one.
struct file_rules {
  bool links = true;            ///< whether the path may end in a symbolic link
  index_t largest = INT64_MAX;  ///< bytes
};
/// Files of a model's folder, which may be anybody's: a link there could lead to any file of this machine.
inline constexpr file_rules model_tensors{.links = false};
/// Those of them that are read as a whole: configurations, vocabularies.
inline constexpr file_rules model_text{.links = false, .largest = 64 * MiB};

/// Read-only. A file that another program shortens while it is mapped ends this one (SIGBUS); files replaced by
/// `atomic_file` are safe.
class mapped_file {
 public:
  /// @throws file_error when `path` cannot be opened, is not a regular file or breaks the rules.
  explicit mapped_file(std::string const& path, file_rules const& rules = {}) {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (rules.links ? 0 : O_NOFOLLOW));
    if (descriptor < 0 && errno == ELOOP && !rules.links) {
      fail(path, "it is a symbolic link, expected a regular file: cp -rL makes a copy of the folder without links");
    }
    if (descriptor < 0) { fail(path, std::strerror(errno)); }
    struct stat facts {};
    bool const regular = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
    bool const fits = facts.st_size <= rules.largest;
    size_ = regular && fits ? static_cast<std::size_t>(facts.st_size) : 0;
    if (size_ > 0) { data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0); }
    int const reason = errno;
    ::close(descriptor);
    if (!regular) { fail(path, "expected a regular file"); }
    if (!fits) {
      fail(path,
           "it has " + std::to_string(facts.st_size) + " bytes, expected at most " + std::to_string(rules.largest));
    }
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
  [[nodiscard]] std::string_view text() const { return {static_cast<char const*>(data_), size_}; }

 private:
  [[noreturn]] static void fail(std::string const& path, std::string const& reason) {
    throw file_error("slimfit: file " + path + " could not be read: " + reason);
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace slimfit
