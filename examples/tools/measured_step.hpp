// SPDX-License-Identifier: MIT
// What slimfit-step measures.
#pragma once

#include <slimfit/memory/record.hpp>
#include <slimfit/memory/usage.hpp>
#include <string>
#include <vector>

#include "models.hpp"

namespace examples {

using slimfit::index_t;

struct step_request {
  std::string model = "vit-b16";
  std::string policy = "slim";
  double rate = -1;  ///< share of frozen units; negative: the policy's default
  index_t batch = 8;
  int steps = 5;        ///< measured; one more runs before them
  int threads = 0;      ///< 0: as many as OpenMP offers
  bool record = false;  ///< whether to run one more step and record its memory
};

/// How long something took, in seconds.
struct step_time {
  double elapsed = 0;
  double processor = 0;  ///< summed over threads; waiting counts too unless OMP_WAIT_POLICY=passive
};

struct step_measurement {
  step_request request;              ///< with defaults filled in
  std::vector<step_time> steps;      ///< of each step
  std::vector<step_time> products;   ///< of the same step's matrix products alone
  slimfit::memory_usage ledger;      ///< peaks over the steps
  slimfit::memory_usage planned;     ///< the same by plans
  slimfit::memory_usage first;       ///< peaks of the step before them, by the ledger
  index_t resident_before = 0;       ///< bytes of the process before the model was made; 0 where unknown
  index_t resident_after_first = 0;  ///< the most until the step before them was done
  slimfit::memory_record record;     ///< of one more step, where that was asked for
  index_t peak_resident = 0;         ///< of the process without the products' own numbers, bytes; 0 where unknown
};

/// Trains the named model on random data. @tparam Entry one of `all_models`
/// @throws slimfit::error
template <class Entry>
step_measurement measure_steps(step_request const& request);

extern template step_measurement measure_steps<vit_s16>(step_request const&);
extern template step_measurement measure_steps<vit_b16>(step_request const&);
extern template step_measurement measure_steps<vit_b16_384>(step_request const&);
extern template step_measurement measure_steps<vit_l16>(step_request const&);
extern template step_measurement measure_steps<bert_base>(step_request const&);
extern template step_measurement measure_steps<bert_large>(step_request const&);

}  // namespace examples
