// SPDX-License-Identifier: MIT
// Which rank of a job this process is, as the program says that started it.
#pragma once

#include <array>
#include <cstdlib>
#include <string>

#include <slimfit/core/error.hpp>

namespace slimfit {

/// A process of a job.
struct launched_rank {
  int rank = 0;   ///< counted from 0
  int size = 1;   ///< processes of the job
  int local = 0;  ///< its number on its machine: which of the machine's devices is its own
};

namespace detail {
/// An environment variable's number, or -1.
inline int number_in_environment(char const* name) {
  auto const* const text = std::getenv(name);
  if (text == nullptr || *text == '\0') { return -1; }
  char* end = nullptr;
  long const number = std::strtol(text, &end, 10);
  if (*end != '\0' || number < 0 || number > 1'000'000) {
    throw value_error(slimfit::mismatch(name, std::string(text), "a number from 0 to 1000000"));
  }
  return static_cast<int>(number);
}
}  // namespace detail

/// The place that the process was given by mpirun (Open MPI, MPICH), srun or torchrun, by their environment variables;
/// rank 0 of 1 without any of them. @throws value_error where a variable has no number
inline launched_rank find_launched_rank() {
  struct names {
    char const* rank;
    char const* size;
    char const* local;
  };
  constexpr std::array<names, 4> launchers{
      {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
       {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
       {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
       {"RANK", "WORLD_SIZE", "LOCAL_RANK"}}};
  for (auto const& each : launchers) {
    int const rank = detail::number_in_environment(each.rank);
    int const size = detail::number_in_environment(each.size);
    if (rank < 0 || size < 1) { continue; }
    int const local = detail::number_in_environment(each.local);
    return {rank, size, local < 0 ? 0 : local};
  }
  return {};
}

}  // namespace slimfit
