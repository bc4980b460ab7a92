// SPDX-License-Identifier: MIT
// What plans and trainers ask the options of an optimizer, with what holds for those that do not say.
#pragma once

namespace slimfit::detail {

/// Whether an optimizer needs all gradients of a step before it changes a weight.
template <class Options>
inline constexpr bool keeps_gradients = requires {
  requires Options::keeps_gradients;
};

/// Whether it takes gradients in parts.
template <class Options>
inline constexpr bool takes_parts = !requires {
  requires !Options::takes_parts;
};

}  // namespace slimfit::detail
