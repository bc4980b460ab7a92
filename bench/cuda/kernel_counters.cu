// SPDX-License-Identifier: MIT
// Runs each case of the list once, so that a profiler can count what its kernel does, and describes the cases as JSON
// (the kernel's symbol, the fewest bytes), so that counts can be judged.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <regex>

#include "kernel_cases.cuh"

namespace {

using namespace slimfit;

struct options {
  std::regex chosen{".*"};
  std::string output;
  bool runs = true;
  index_t sequences = 2;
};

constexpr char const* usage =
    "kernel_counters [--list] [--case REGEX] [--sequences N] [--output FILE]\n"
    "  --list         describe the cases, launch nothing\n"
    "  --case REGEX   only cases whose name (kernel, width, scalar) contains a match\n"
    "  --sequences N  batch of N sequences of 197 tokens (default 2)\n"
    "  --output FILE  where the description goes (default: standard output)\n";

/// @throws value_error
options parse(int argc, char** argv) {
  options result;
  for (int i = 1; i < argc; ++i) {
    std::string const name = argv[i];
    auto const value = [&] {
      if (i + 1 == argc) { throw value_error("kernel_counters: " + name + " needs a value"); }
      return argv[++i];
    };
    if (name == "--list") {
      result.runs = false;
    } else if (name == "--case") {
      result.chosen = std::regex(value());
    } else if (name == "--sequences") {
      result.sequences = std::stol(value());
    } else if (name == "--output") {
      result.output = value();
    } else {
      throw value_error("kernel_counters: unknown option " + name + "\n" + usage);
    }
  }
  return result;
}

void describe(std::ostream& out, bench::kernel_case const& each, bench::cuda_workspace const& memory) {
  char const* symbol = "";
  check(cudaFuncGetName(&symbol, each.function), "name of a kernel");
  out << "{\"kernel\": \"" << each.kernel << "\", \"shape\": \"" << each.shape(memory.rows()) << "\", \"symbol\": \""
      << symbol << "\", \"threads\": " << each.threads << ", \"shared_bytes\": " << each.shared_bytes
      << ", \"bytes_least\": " << memory.bytes_least() << ", \"bytes_reread\": " << memory.bytes_reread()
      << ", \"bytes_kept\": " << memory.bytes_kept() << "}";
}

void run(options const& wanted) {
  std::optional<cuda> device;
  if (wanted.runs) { device.emplace(); }
  std::ofstream file;
  if (!wanted.output.empty()) { file.open(wanted.output); }
  std::ostream& out = wanted.output.empty() ? std::cout : file;
  char const* separator = "[\n";
  for (auto const& each : bench::kernel_cases()) {
    if (!std::regex_search(each.name(), wanted.chosen)) { continue; }
    bench::cuda_workspace memory(wanted.runs ? &*device : nullptr, wanted.sequences);
    auto const launch = each.prepare(memory);
    if (wanted.runs) {
      launch();
      device->synchronize();
    }
    out << separator;
    describe(out, each, memory);
    separator = ",\n";
  }
  out << "\n]\n";
  if (!out.flush()) { throw file_error("kernel_counters: cannot write " + wanted.output); }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
