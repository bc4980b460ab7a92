// SPDX-License-Identifier: MIT
// Temporary files beside the file that they are to become. Whoever writes one holds a lock on it, which the system
// takes back when the program ends, however it ends: a file without its lock has no owner and is swept.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slimfit {

namespace detail {

constexpr std::string_view temporary_suffix = ".tmp";
constexpr std::size_t temporary_letters = 6;

/// Whether `name` is what `create_temporary` calls files for `target`, both without their folders.
inline bool is_temporary_of(std::string_view name, std::string_view target) {
  return name.size() == target.size() + 1 + temporary_letters + temporary_suffix.size() && name.starts_with(target) &&
         name[target.size()] == '.' && name.ends_with(temporary_suffix);
}
/// Whether an open file is unlocked. Unknown, so false, where the file system has no locks.
inline bool is_abandoned(int descriptor) { return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

}  // namespace detail

/// Creates an empty file for `path` in its folder, and locks it where the file system has locks.
/// @param name becomes the path of the file
/// @return its descriptor; -1 with the reason in errno when there can be none
inline int create_temporary(std::string const& path, std::string& name) {
  for (;;) {
    name = path + "." + std::string(detail::temporary_letters, 'X') + std::string(detail::temporary_suffix);
    int const descriptor = ::mkostemps(name.data(), static_cast<int>(detail::temporary_suffix.size()), O_CLOEXEC);
    if (descriptor < 0) { return descriptor; }
    static_cast<void>(::flock(descriptor, LOCK_EX));
    struct stat facts {};
    if (::fstat(descriptor, &facts) != 0 || facts.st_nlink > 0) { return descriptor; }
    ::close(descriptor);  // another program swept it before it was locked
  }
}

/// Removes temporary files for `path` that no program writes any more. What cannot be removed stays.
inline void sweep_temporaries(std::string const& path) noexcept try {
  auto const slash = path.rfind('/');
  auto const folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  auto const target = slash == std::string::npos ? path : path.substr(slash + 1);
  DIR* const entries = ::opendir(folder.c_str());  // nothing from here on throws
  if (entries == nullptr) { return; }
  while (auto const* const entry = ::readdir(entries)) {
    if (!detail::is_temporary_of(entry->d_name, target)) { continue; }
    int const descriptor = ::openat(::dirfd(entries), entry->d_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) { continue; }
    struct stat facts {};
    bool const ours = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == ::geteuid();
    if (ours && detail::is_abandoned(descriptor)) { ::unlinkat(::dirfd(entries), entry->d_name, 0); }
    ::close(descriptor);
  }
  ::closedir(entries);
} catch (std::exception const&) {
  // No memory for names: they stay until another program writes the file.
}

}  // namespace slimfit
