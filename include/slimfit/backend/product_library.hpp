// SPDX-License-Identifier: MIT
// Which library multiplies matrices on the host, and for what processor: an OpenBLAS that does not know a new one takes
// it for an old one and computes at a fifth of the speed, and the last bits of results depend on the choice.
#pragma once

#include <string>
#include <string_view>

#include <slimfit/backend/blas_functions.hpp>

namespace slimfit {

/// The library that products of matrices are computed by, as it says itself.
struct product_library {
  std::string library{};  ///< "OpenBLAS", "BLIS" or "MKL"; of others the name of the file, or "BLAS"
  std::string version{};  ///< e.g. "0.3.21"; empty where the library has no function that tells
  std::string core{};     ///< processor that its kernels are made for, in its own words, e.g. "Haswell"; or empty
  int threads = 1;  ///< that its products use elsewhere in this process; the backend cuts its own into tasks of one
  /// What to set in the environment before the program starts, where this processor can more than the core uses, e.g.
  /// "OPENBLAS_CORETYPE=Haswell"; else empty.
  std::string remedy{};

  friend bool operator==(product_library const&, product_library const&) = default;
};

/// What results' last bits depend on, e.g. "OpenBLAS 0.3.21, core Zen".
inline std::string name_of(product_library const& products) {
  std::string text = products.library;
  if (!products.version.empty()) { text += " " + products.version; }
  if (!products.core.empty()) { text += ", core " + products.core; }
  return text;
}

/// A sentence that says what to do; empty where there is nothing to do.
inline std::string advice_on(product_library const& products) {
  if (products.remedy.empty()) { return {}; }
  return "this processor can more than core " + products.core +
         " uses: products are faster, often several times, with " + products.remedy + " set in the environment";
}

namespace detail {

/// Vector instructions that kernels use: what matters for the speed of products.
enum class vector_level { before_avx2, avx2, avx512 };

/// What this processor, and the system, have.
inline vector_level processor_level() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return vector_level::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) { return vector_level::avx2; }
#endif
  return vector_level::before_avx2;
}

/// What kernels for a core use. Cores of which nothing is known count as the best: there is no advice on them.
inline vector_level core_level(std::string_view core) {
  constexpr std::string_view before_avx2 =
      " Katmai Coppermine Northwood Prescott Banias Atom Core2 Penryn Dunnington Nehalem Athlon Opteron Opteron_SSE3"
      " Barcelona Nano Sandybridge SandyBridge Bobcat Bulldozer Piledriver Steamroller"
      " generic penryn sandybridge bulldozer piledriver steamroller ";
  constexpr std::string_view avx2 = " Haswell Zen Excavator haswell excavator zen zen2 zen3 ";
  std::string const word = std::string(" ").append(core).append(" ");
  if (before_avx2.find(word) != std::string_view::npos) { return vector_level::before_avx2; }
  if (avx2.find(word) != std::string_view::npos) { return vector_level::avx2; }
  return vector_level::avx512;
}

/// The least setting with which OpenBLAS uses what a processor of this level has.
inline std::string openblas_remedy(std::string_view core, vector_level processor) {
  if (core_level(core) >= processor) { return {}; }
  return processor == vector_level::avx512 ? "OPENBLAS_CORETYPE=SkylakeX" : "OPENBLAS_CORETYPE=Haswell";
}

inline product_library openblas_library(char const* configuration) {
  product_library found{.library = "OpenBLAS"};
  std::string_view text = configuration;
  if (text.starts_with("OpenBLAS ")) {
    text.remove_prefix(std::string_view("OpenBLAS ").size());
    found.version = text.substr(0, text.find(' '));
  }
  if (auto* const core = blas_function<char*()>("openblas_get_corename")) { found.core = core(); }
  if (auto* const threads = blas_function<int()>("openblas_get_num_threads")) { found.threads = threads(); }
  // Only a library with kernels for several processors can be told which to use.
  if (text.find("DYNAMIC_ARCH") != std::string_view::npos) {
    found.remedy = openblas_remedy(found.core, processor_level());
  }
  return found;
}

inline product_library blis_library(char const* number) {
  product_library found{.library = "BLIS", .version = number};
  auto* const query = blas_function<int()>("bli_arch_query_id");
  auto* const name = blas_function<char*(int)>("bli_arch_string");
  if (query != nullptr && name != nullptr) { found.core = name(query()); }
  if (auto* const threads = blas_function<long()>("bli_thread_get_num_threads")) {
    auto const set = static_cast<int>(threads());
    found.threads = set > 0 ? set : 1;  // -1: not set, one thread
  }
  return found;
}

inline product_library mkl_library() {
  struct mkl_version {
    int major;
    int minor;
    int update;
    char* status;
    char* build;
    char* processor;
    char* platform;
  };
  product_library found{.library = "MKL"};
  if (auto* const query = blas_function<void(mkl_version*)>("MKL_Get_Version")) {
    mkl_version number{};
    query(&number);
    found.version =
        std::to_string(number.major) + "." + std::to_string(number.minor) + "." + std::to_string(number.update);
    if (number.processor != nullptr) { found.core = number.processor; }
  }
  if (auto* const threads = blas_function<int()>("MKL_Get_Max_Threads")) { found.threads = threads(); }
  return found;
}

}  // namespace detail

/// Asks the library that products are called in.
inline product_library found_product_library() {
  if (auto* const configuration = detail::blas_function<char*()>("openblas_get_config")) {
    return detail::openblas_library(configuration());
  }
  if (auto* const number = detail::blas_function<char const*()>("bli_info_get_version_str")) {
    return detail::blis_library(number());
  }
  if (detail::blas_function<int()>("MKL_Get_Max_Threads") != nullptr) { return detail::mkl_library(); }
  // A BLAS within the program itself has no file.
  return {.library = detail::blas_handle() == RTLD_DEFAULT ? "BLAS" : detail::blas_file()};
}

}  // namespace slimfit
