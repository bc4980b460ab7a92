// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the reader of GLUE's files do anything but succeed or throw file_error, whatever
// the task. Its files lie in memory.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/glue_fuzz.cpp
#include <examples/programs/data/glue.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  int const file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) { std::abort(); }
  auto const path = "/proc/self/fd/" + std::to_string(file);
  for (auto const& task : examples::glue_tasks()) {
    try {
      auto const rows = examples::read_glue_file(task, path);
      if (rows.empty() || examples::read_glue_file(task, path, 1).size() != 1) { std::abort(); }
      for (auto const& row : rows) {
        bool const is_class = row.label >= 0 && row.label < std::max<std::ptrdiff_t>(1, std::ssize(task.classes));
        if (!is_class || !(row.score >= 0 && row.score <= 5)) { std::abort(); }
      }
    } catch (slimfit::file_error const&) {}
  }
  close(file);
  return 0;
}
