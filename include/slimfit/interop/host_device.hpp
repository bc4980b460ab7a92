// SPDX-License-Identifier: MIT
// The host backend of a library with a C interface: made when it is first used, with as many threads as the caller
// wants.
#pragma once

#include <memory>
#include <mutex>

#include <slimfit/backend/host.hpp>
#include <slimfit/interop/library_device.hpp>

namespace slimfit::interop {

template <>
class library_device<host> {
 public:
  static constexpr char const* name = "host";
  static constexpr index_t workspace_bytes = 0;

  /// Runs `body(device)`.
  template <class Body>
  void run(slimfit_pass const& pass, Body const& body) {
    std::lock_guard const alone(lock_);
    if (!device_ || pass.threads != threads_) {
      device_ = std::make_unique<host>(host_options{.threads = pass.threads, .memory = memory_, .products = products_});
      threads_ = pass.threads;
    }
    body(*device_);
  }
  /// Products by functions with the interface of Fortran's BLAS. @throws usage_error where others are in use
  void use_products(void (*sgemm)(), void (*dgemm)()) {
    program_products const given{reinterpret_cast<fortran_product<float>*>(sgemm),
                                 reinterpret_cast<fortran_product<double>*>(dgemm)};
    std::lock_guard const alone(lock_);
    detail::use_products(given);
    products_ = given;
  }
  void use_memory(program_memory const& memory) {
    std::lock_guard const alone(lock_);
    device_.reset();
    memory_ = memory;
  }
  void release() {
    std::lock_guard const alone(lock_);
    device_.reset();
  }
  static library_device& instance() {
    static library_device only;
    return only;
  }

 private:
  std::mutex lock_;
  std::unique_ptr<host> device_;
  int threads_ = 0;
  program_memory memory_;
  program_products products_;
};

}  // namespace slimfit::interop
