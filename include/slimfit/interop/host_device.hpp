// SPDX-License-Identifier: MIT
// The host backend of a library with a C interface: made when it is first used, with as many threads as the caller
// wants.
#pragma once

#include <memory>
#include <mutex>

#include <slimfit/interop/layer.h>
#include <slimfit/backend/host.hpp>

namespace slimfit::interop {

/// The device of a library. Calls run one after the other.
/// @tparam Device a backend
template <class Device>
class library_device;

template <>
class library_device<host> {
 public:
  static constexpr char const* name = "host";

  /// Runs `body(device)`.
  template <class Body>
  void run(slimfit_pass const& pass, Body const& body) {
    std::lock_guard const alone(lock_);
    if (!device_ || pass.threads != threads_) {
      device_ = std::make_unique<host>(host_options{.threads = pass.threads, .products = products_});
      threads_ = pass.threads;
    }
    body(*device_);
  }
  /// @throws usage_error where others are in use
  void use_products(program_products const& products) {
    std::lock_guard const alone(lock_);
    detail::use_products(products);
    products_ = products;
  }
  static library_device& instance() {
    static library_device only;
    return only;
  }

 private:
  std::mutex lock_;
  std::unique_ptr<host> device_;
  int threads_ = 0;
  program_products products_;
};

/// Products of the host by functions with the interface of Fortran's BLAS. @throws usage_error, also on other devices
template <class Device>
void use_products(void (*sgemm)(), void (*dgemm)()) {
  if constexpr (std::same_as<Device, host>) {
    library_device<host>::instance().use_products(
        {reinterpret_cast<fortran_product<float>*>(sgemm), reinterpret_cast<fortran_product<double>*>(dgemm)});
  } else {
    throw usage_error("slimfit: layer library: slimfit_use_products is for libraries of the host");
  }
}

}  // namespace slimfit::interop
