// SPDX-License-Identifier: MIT
// Keeps a BLAS from starting threads of its own inside a product: the backend has cut the work into parallel pieces
// already, and pieces that are cut again, differently on each machine, round differently and wait for each other.
#pragma once

#if defined(_OPENMP)
#include <omp.h>
#endif

#if defined(__GNUC__)
// An OpenBLAS with its own threads has one number for the whole process.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int);
#endif

namespace slimfit {

/// Once per process, for BLAS libraries that manage threads themselves.
inline void make_blas_serial() {
#if defined(__GNUC__)
  if (openblas_set_num_threads != nullptr) { openblas_set_num_threads(1); }
#endif
}

/// While one lives, a BLAS that asks OpenMP how many threads it may use is told one. OpenMP keeps that number for each
/// thread by itself, so whoever calls a BLAS, a thread of the pool or one of the program, needs this around the call.
class serial_blas_scope {
 public:
#if defined(_OPENMP)
  serial_blas_scope() : before_(omp_get_max_threads()) {
    if (before_ != 1) { omp_set_num_threads(1); }
  }
  ~serial_blas_scope() {
    if (before_ != 1) { omp_set_num_threads(before_); }
  }
#else
  serial_blas_scope() = default;
  ~serial_blas_scope() = default;
#endif
  serial_blas_scope(serial_blas_scope const&) = delete;
  serial_blas_scope& operator=(serial_blas_scope const&) = delete;

#if defined(_OPENMP)
 private:
  int before_;
#endif
};

}  // namespace slimfit
