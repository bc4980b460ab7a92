// SPDX-License-Identifier: MIT
// Plans of what slimfit-plan was not compiled for: sizes and policies of one's own. Sizes are types, so a small program
// is compiled for each model, policy and scalar, and kept in a cache.
#pragma once

#include <filesystem>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <string>
#include <variant>

#include "plan_record.hpp"
#include "plan_rows.hpp"

namespace examples {

using own_shape = std::variant<slimfit::vit_shape, slimfit::bert_shape>;

/// A policy in C++.
struct own_policy {
  std::string header;  ///< file that has it; empty: it is the library's
  std::string type;    ///< e.g. slimfit::policy::slim
};

/// The program that plans one model under one policy.
class own_plan {
 public:
  /// Compiles it, unless the cache has it and nothing that it is made of has changed.
  /// @param scalar float or bf16
  /// @throws slimfit::value_error with the compiler's sentence where the shape or the policy is none
  /// @throws slimfit::file_error without a compiler, a policy's header, or a folder for the cache
  own_plan(own_shape const& shape, own_policy const& policy, std::string const& scalar);

  /// @throws slimfit::value_error for sizes that the model cannot have
  [[nodiscard]] plan_row row(plan_request request) const;
  [[nodiscard]] plan_record record(plan_request request) const;

 private:
  own_shape shape_;
  std::filesystem::path program_;
};

/// Of a sequence, where nothing else is said.
index_t tokens_of(own_shape const& shape);

}  // namespace examples
