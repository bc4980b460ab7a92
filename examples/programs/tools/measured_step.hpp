// SPDX-License-Identifier: MIT
// What slimfit-step measures.
#pragma once

#include <optional>
#include <slimfit/communication/communicator.hpp>
#include <slimfit/memory/record.hpp>
#include <slimfit/memory/usage.hpp>
#include <string>
#include <vector>

namespace examples {

using slimfit::index_t;

struct step_request {
  std::string model;
  std::string policy = "slim";
  std::string backend = "host";
  std::string scalar = "float";
  double rate = -1;     ///< percent of units frozen; negative: the policy's default
  index_t batch = 8;    ///< of all ranks
  int steps = 5;        ///< measured; one more runs before them, on CUDA two
  int threads = 0;      ///< of the host; 0: as many as the machine has
  bool record = false;  ///< whether to run one more step and record its memory
  bool hold = false;    ///< whether the same units, drawn at random, are active in all steps
  bool graph = false;   ///< whether CUDA records a step and replays it; holds the units too
};

/// How long something took, in seconds.
struct step_time {
  double elapsed = 0;
  double processor = 0;  ///< summed over threads; waiting counts too unless OMP_WAIT_POLICY=passive
};

/// What a CUDA device says of its memory, in bytes, from when the backend is there and the model is not.
struct device_memory {
  std::string name;
  index_t pool_used_high = 0;      ///< the most that the pool had given out
  index_t pool_reserved_high = 0;  ///< the most that the pool had taken from the device
  index_t taken = 0;               ///< by how much free memory shrank, seen after steps; kernels' code counts too
};

/// What ranks that train together sent in the steps that were measured.
struct step_traffic {
  int ranks = 0;
  slimfit::traffic sent;
  index_t all_bytes = 0;  ///< of all parameters' gradients
};

struct step_measurement {
  step_request request;                 ///< with defaults filled in
  std::vector<step_time> steps;         ///< of each step
  std::vector<step_time> products;      ///< of the same step's matrix products alone; on the host
  slimfit::memory_usage ledger;         ///< peaks over the steps
  slimfit::memory_usage planned;        ///< the same by plans
  slimfit::memory_usage first;          ///< peaks of the first step, which is not measured, by the ledger
  index_t resident_before = 0;          ///< bytes of the process before the model was made; 0 where unknown
  index_t resident_after_first = 0;     ///< the most until the first step was done
  slimfit::memory_record record;        ///< of one more step, where that was asked for
  index_t peak_resident = 0;            ///< of the process without the products' own numbers, bytes; 0 where unknown
  std::optional<device_memory> device;  ///< on CUDA
  std::optional<step_traffic> traffic;  ///< of several ranks; all else is the first one's
};

}  // namespace examples
