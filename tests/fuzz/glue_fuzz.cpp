// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the readers of GLUE's files do anything but succeed or throw file_error. The
// first byte chooses the task; the file lies in memory.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/glue_fuzz.cpp
#include <examples/data/glue.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) { return 0; }
  auto const& tasks = examples::glue_tasks();
  auto const& task = tasks[data[0] % tasks.size()];
  // The reader wants the name of a folder and adds ".tsv" to a file's: a link in memory's place has such a name.
  static std::string const folder = [] {
    std::string name = "/tmp/slimfit.XXXXXX";
    if (mkdtemp(name.data()) == nullptr) { std::abort(); }
    return name;
  }();
  static std::string const link = folder + "/part.tsv";
  static int const file = [] {
    int const made = memfd_create("fuzz", 0);
    if (made < 0 || symlink(("/proc/self/fd/" + std::to_string(made)).c_str(), link.c_str()) != 0) { std::abort(); }
    std::atexit([] {
      unlink(link.c_str());
      rmdir(folder.c_str());
    });
    return made;
  }();
  auto const bytes = static_cast<ssize_t>(size - 1);
  if (ftruncate(file, 0) != 0 || pwrite(file, data + 1, size - 1, 0) != bytes) { std::abort(); }
  try {
    for (auto const& sample : examples::read_glue(task, folder, "part")) {
      if (!(sample.score >= 0 && sample.score <= 5)) { std::abort(); }
      if (sample.label < 0 || (sample.label > 0 && sample.label >= std::ssize(task.classes))) { std::abort(); }
      if (sample.first.size() + sample.second.size() > size) { std::abort(); }
    }
  } catch (slimfit::file_error const&) {}
  return 0;
}
