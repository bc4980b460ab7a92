// SPDX-License-Identifier: MIT
// libFuzzer target: no bytes may make the reader of SQuAD's files do anything but succeed or throw file_error. Its
// files lie in memory.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. tests/fuzz/squad_fuzz.cpp
#include <examples/programs/data/squad.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  int const file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) { std::abort(); }
  try {
    auto const set = examples::read_squad("/proc/self/fd/" + std::to_string(file));
    for (auto const& one : set.questions) {
      if (one.context >= set.contexts.size()) { std::abort(); }
      if (one.answers.empty()) { continue; }
      auto const& context = set.contexts[one.context];
      if (one.last > context.size() || context.substr(one.first, one.last - one.first) != one.answers.front()) {
        std::abort();
      }
    }
  } catch (slimfit::file_error const&) {}
  close(file);
  return 0;
}
