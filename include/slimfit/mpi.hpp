// SPDX-License-Identifier: MIT
// Training on the ranks of an MPI job. Needs MPI's header mpi.h and its library; CMake's target slimfit::mpi brings
// both.
#pragma once

#include <slimfit/mpi/communicator.hpp>
#include <slimfit/mpi/session.hpp>
