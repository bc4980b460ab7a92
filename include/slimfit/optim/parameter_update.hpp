// SPDX-License-Identifier: MIT
// One step of one parameter, for updates that are enqueued together.
#pragma once

#include <slimfit/core/scalar.hpp>

namespace slimfit {

/// A parameter, by its position in the model's list, with its complete gradient.
template <scalar T>
struct parameter_update {
  index_t parameter = 0;
  T* weights = nullptr;
  T const* gradient = nullptr;
  index_t count = 0;
};

}  // namespace slimfit
