// SPDX-License-Identifier: MIT
// Files that are replaced as a whole: interrupted saves, temporary files that are left behind, permissions.
#include <doctest/doctest.h>
#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/safetensors.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/scratch_folder.hpp"

namespace sf = slimfit;
using sf::dtype;
using sf::test::scratch_folder;

namespace {
std::string content(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
}  // namespace

TEST_CASE("an interrupted save leaves the old file and nothing else") {
  scratch_folder const folder;
  auto const path = folder.file("model");
  std::vector<float> const values(100'000, 1.0F);
  sf::safetensors_writer small;
  small.add("a", dtype::f32, {10}, values.data());
  small.save(path);
  auto const before = content(path);
  sf::safetensors_writer large;
  large.add("a", dtype::f32, {100'000}, values.data());

  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  auto const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limited = old;
  for (rlim_t const bytes : {rlim_t{0}, rlim_t{50}, rlim_t{200'000}}) {
    limited.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limited) == 0);
    CHECK_THROWS_AS(large.save(path), sf::file_error);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
    CHECK(content(path) == before);
    CHECK(folder.entries() == 1);
  }
  std::signal(SIGXFSZ, handler);
  {
    sf::atomic_file abandoned(path);
    abandoned.write("x", 1);
  }
  CHECK(content(path) == before);
  CHECK(folder.entries() == 1);
  large.save(path);
  CHECK(content(path).size() > 400'000);
  CHECK_THROWS_AS(large.save(folder.file("none/model")), sf::file_error);
  std::filesystem::create_directory(folder.path / "taken");
  CHECK_THROWS_AS(large.save(folder.file("taken")), sf::file_error);  // the rename fails
  CHECK(folder.entries() == 2);
}

TEST_CASE("temporary files that killed programs left are swept by the next save, those in use and others are not") {
  scratch_folder const folder;
  auto const path = folder.file("model");
  auto const left = [&](char const* name) {
    std::ofstream(folder.file(name)) << "left";
    return folder.file(name);
  };
  auto const abandoned = left("model.a1B2c3.tmp");
  auto const in_use = left("model.d4E5f6.tmp");
  int const user = ::open(in_use.c_str(), O_RDWR);
  REQUIRE(::flock(user, LOCK_EX) == 0);
  std::vector<std::string> const others{left("model.tmp"), left("other.a1B2c3.tmp"), left("model.a1B2c3"),
                                        left("model.a1B2c3d.tmp")};
  std::filesystem::create_directory(folder.file("model.folder.tmp"));
  float const x = 1;
  sf::safetensors_writer writer;
  writer.add("x", dtype::f32, {1}, &x);
  writer.save(path);
  CHECK_FALSE(std::filesystem::exists(abandoned));
  CHECK(std::filesystem::exists(in_use));
  for (auto const& other : others) { CHECK(std::filesystem::exists(other)); }
  ::close(user);
  {
    sf::atomic_file mine(path);  // is in use as long as it lives
    auto const before = folder.entries();
    writer.save(path, folder.file("before"));
    CHECK(folder.entries() == before);  // one was swept, one came
    mine.write("x", 1);
    mine.commit();
  }
  CHECK(content(path) == "x");
  CHECK(content(folder.file("before")).size() > 8);
}

TEST_CASE("permissions of the old file are kept") {
  scratch_folder const folder;
  auto const path = folder.file("model");
  float const x = 1;
  sf::safetensors_writer writer;
  writer.add("x", dtype::f32, {1}, &x);
  writer.save(path);
  std::filesystem::permissions(path, std::filesystem::perms{0640});
  writer.save(path);
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms{0640});
}
