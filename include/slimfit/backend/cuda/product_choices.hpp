// SPDX-License-Identifier: MIT
// Algorithms of matrix products that were chosen by timing, and the file that keeps them from run to run.
#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/core/error.hpp>
#include <slimfit/io/atomic_file.hpp>

namespace slimfit {

/// How algorithms of products are chosen.
struct product_options {
  /// Whether cuBLASLt's best few are timed, once for each kind of product, while a step is rehearsed; else its first is
  /// taken. Two runs may choose differently, and differ in the last bits then, unless `file` has the choices.
  bool timed = false;
  /// What is timed is kept here, and not timed again. Choices for another device or version of cuBLASLt are replaced.
  /// Empty: nowhere.
  std::string file{};
};

/// cuBLASLt's algorithm for a kind of product. (nvcc 13 fails on containers of cuBLASLt's own struct, which has no
/// name.)
struct product_algorithm {
  cublasLtMatmulAlgo_t value{};
};

class product_choices {
 public:
  /// What tells kinds of products apart.
  using kind_type = std::array<std::int64_t, 12>;

  /// @param file empty: choices are not kept @throws file_error for one that is none of these, cuda_error
  explicit product_choices(std::string file) : file_(std::move(file)) {
    if (!file_.empty()) { read(); }
  }

  /// The algorithm for a kind, or null.
  [[nodiscard]] product_algorithm const* find(kind_type const& kind) const {
    auto const found = chosen_.find(kind);
    return found == chosen_.end() ? nullptr : &found->second;
  }
  /// @throws file_error
  void add(kind_type const& kind, product_algorithm const& algorithm) {
    chosen_[kind] = algorithm;
    if (!file_.empty()) { write(); }
  }

 private:
  static constexpr char const* title = "slimfit's choices of products";

  /// What the choices hold for.
  static std::string origin() {
    int device = 0;
    cudaDeviceProp facts{};
    check(cudaGetDevice(&device), "the current device");
    check(cudaGetDeviceProperties(&facts, device), "the device's name");
    return "cuBLASLt " + std::to_string(cublasLtGetVersion()) + ", " + facts.name;
  }
  void read() {
    std::ifstream file(file_);
    if (!file) { return; }  // written when something was timed
    std::string line;
    std::getline(file, line);
    if (line != title) { fail("begins with something else than \"" + std::string(title) + "\""); }
    std::getline(file, line);
    if (line != origin()) { return; }
    for (int number = 3; std::getline(file, line); ++number) {
      std::istringstream words(line);
      kind_type kind{};
      product_algorithm algorithm{};
      for (auto& each : kind) { words >> each; }
      for (auto& each : algorithm.value.data) { words >> each; }
      if (!words || words.peek() != std::istringstream::traits_type::eof()) {
        fail("line " + std::to_string(number) + " is not " + std::to_string(kind.size()) + " and " +
             std::to_string(std::size(algorithm.value.data)) + " whole numbers");
      }
      chosen_[kind] = algorithm;
    }
  }
  void write() const {
    std::string text = std::string(title) + "\n" + origin() + "\n";
    for (auto const& [kind, algorithm] : chosen_) {
      char const* between = "";
      auto const put = [&](auto number) {
        text += between + std::to_string(number);
        between = " ";
      };
      for (auto const each : kind) { put(each); }
      for (auto const each : algorithm.value.data) { put(each); }
      text += "\n";
    }
    atomic_file file(file_);
    file.write(text.data(), std::ssize(text));
    file.commit();
  }
  [[noreturn]] void fail(std::string const& reason) const {
    throw file_error("slimfit: product_options: file " + file_ + ": " + reason +
                     ", expected what an earlier run wrote there; remove it to choose again");
  }

  std::string file_;
  std::map<kind_type, product_algorithm> chosen_;
};

}  // namespace slimfit
