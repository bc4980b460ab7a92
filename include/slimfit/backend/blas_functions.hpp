// SPDX-License-Identifier: MIT
// What a BLAS has beside its products: names of versions and processors, numbers of threads. Each library has its own
// such functions, so they are looked up when the program runs, and any library with CBLAS's products will do. With
// SLIMFIT_WITHOUT_CBLAS there is none but the one that the program gives, see program_products.hpp.
#pragma once

#include <string>

#if !defined(SLIMFIT_WITHOUT_CBLAS)
#include <cblas.h>
#endif
#include <dlfcn.h>

#include <slimfit/backend/program_products.hpp>

namespace slimfit::detail {

/// Where products are called: by the name where it is known, since the program's own reference may lead to a stub.
inline void* blas_product() {
  if (given_products.of_float != nullptr) { return reinterpret_cast<void*>(given_products.of_float); }
  void* const found = ::dlsym(RTLD_DEFAULT, "cblas_sgemm");
#if defined(SLIMFIT_WITHOUT_CBLAS)
  return found;
#else
  return found != nullptr ? found : reinterpret_cast<void*>(&cblas_sgemm);
#endif
}

/// The shared library that products are called in, to look up its and its dependencies' functions; where it is part of
/// the program, whatever the program sees.
inline void* blas_handle() {
  static void* const handle = [] {
    Dl_info place{};
    if (::dladdr(blas_product(), &place) == 0) { return RTLD_DEFAULT; }
    void* const found = ::dlopen(place.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    return found != nullptr ? found : RTLD_DEFAULT;
  }();
  return handle;
}

/// The function of that name; null where there is none.
/// @tparam Function its type, e.g. int()
template <class Function>
Function* blas_function(char const* name) {
  return reinterpret_cast<Function*>(::dlsym(blas_handle(), name));
}

/// A function of the OpenMP runtime that a BLAS calls: there may be several, and all callers see the first.
template <class Function>
Function* openmp_function(char const* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

/// File of the shared library that products are called in, without its folder; empty where the system does not say.
inline std::string blas_file() {
  Dl_info place{};
  if (::dladdr(blas_product(), &place) == 0) { return {}; }
  std::string const path = place.dli_fname;
  return path.substr(path.rfind('/') + 1);
}

}  // namespace slimfit::detail
