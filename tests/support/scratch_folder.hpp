// SPDX-License-Identifier: MIT
// A folder for the files of one test.
#pragma once

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace slimfit::test {

/// Goes away with everything in it.
struct scratch_folder {
  std::filesystem::path path;

  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "slimfit.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path); }

  /// The path of a file in it.
  [[nodiscard]] std::string file(std::string const& name) const { return (path / name).string(); }
  /// How many files and folders it holds.
  [[nodiscard]] long entries() const {
    return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
  }
  /// Also makes the folders that the name has. @return the file's path
  std::string write(std::string const& name, std::string const& bytes) const {
    auto const target = path / name;
    std::filesystem::create_directories(target.parent_path());
    std::ofstream(target, std::ios::binary) << bytes;
    return target.string();
  }
};

}  // namespace slimfit::test
