// SPDX-License-Identifier: MIT
// The ranks of a command as the communicator of a trainer.
#pragma once

#include <slimfit/mpi.hpp>

#include "command_ranks.hpp"

namespace examples {

/// @tparam Order of sums, see slimfit/communication/summation.hpp
/// @throws slimfit::communication_error; slimfit::value_error where the number of ranks does not divide the shards
template <class Order>
slimfit::mpi<Order> join(command_ranks& ranks) {
  slimfit::mpi<Order> joined;
  ranks.keep(joined);
  return joined;
}

}  // namespace examples
