// SPDX-License-Identifier: MIT
// expect: slimfit: trainer<..., Communicator>: the communicator cannot send what lies in the backend's memory, expected e.g. mpi<> with host, nccl<> with cuda
#include <slimfit/slimfit.hpp>

using namespace slimfit;

/// Stands in for a device whose work is rehearsed, and lies elsewhere.
struct elsewhere : host {
  template <class Enqueue>
  void rehearse(Enqueue const& enqueue) {
    enqueue();
  }
};
struct several : single {
  static constexpr bool is_single = false;
};
elsewhere device;
several ranks;
shared_passes<elsewhere, float, several> passes(device, ranks, 1, 1);
