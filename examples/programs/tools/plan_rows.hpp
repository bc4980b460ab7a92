// SPDX-License-Identifier: MIT
// One line of what slimfit-plan prints.
#pragma once

#include <slimfit/memory/usage.hpp>
#include <string>

#include "models.hpp"

namespace examples {

using slimfit::index_t;

/// What is to be planned.
struct plan_request {
  std::string model;
  std::string policy;
  std::string scalar = "float";     ///< float or bf16
  index_t tokens = 0;               ///< 0: as many as the model was compiled for
  index_t batch = 1;                ///< of the rank
  double rate = -1;                 ///< percent of units frozen; negative: the policy's default
  std::string moments = "float32";  ///< see support/moments.hpp
  int ranks = 1;                    ///< that train together
};

/// Bytes of training. Bounds over every choice of active units that the rate allows.
struct plan_row {
  plan_request request;  ///< with defaults filled in
  slimfit::memory_usage usage;
  index_t static_bytes = 0;   ///< stored whether or not any unit is active
  index_t dynamic_bytes = 0;  ///< what active units add to that, at most
  /// What other software stores, per token.
  double eager_float32 = 0;
  double amp_bfloat16 = 0;
  double paper_code = 0;

  [[nodiscard]] double per_token() const {
    return static_cast<double>(usage.stored) / static_cast<double>(request.batch * request.tokens);
  }
};

/// Plans the named model. @tparam Entry one of `all_models`
/// @throws slimfit::error for sizes that the model cannot have
template <class Entry>
plan_row plan_model(plan_request const& request);

extern template plan_row plan_model<vit_s16>(plan_request const&);
extern template plan_row plan_model<vit_b16>(plan_request const&);
extern template plan_row plan_model<vit_b16_384>(plan_request const&);
extern template plan_row plan_model<vit_l16>(plan_request const&);
extern template plan_row plan_model<bert_base>(plan_request const&);
extern template plan_row plan_model<bert_large>(plan_request const&);

}  // namespace examples
