// SPDX-License-Identifier: MIT
// The context in which layers only count memory: what plans are made of.
#pragma once

#include <slimfit/backend/counting.hpp>
#include <slimfit/pass/context.hpp>
#include <slimfit/pass/gradient_place.hpp>

namespace slimfit {

/// What becomes of gradients in a plan: nothing, their memory counts.
template <bool Releases, bool TakesParts = Releases>
struct counted_updates {
  static constexpr bool takes_parts = TakesParts;

  template <scalar T>
  [[nodiscard]] constexpr gradient_place<T> place(parameter<T> const& /*target*/) const {
    return {Releases ? gradient_memory::scratch : gradient_memory::lasting};
  }
  template <class Parameter>
  constexpr void apply(Parameter const& /*target*/, typename Parameter::value_type* /*gradient*/) const {}
  template <class Parameter>
  constexpr void apply_part(Parameter const& /*target*/, typename Parameter::value_type* /*gradient*/,
                            index_t /*first*/, index_t /*count*/) const {}
};

using counting_context = context<counting<>, counted_updates<true>>;

/// Bytes that `forward(context)` leaves on the tape when `active` units are active.
template <class Forward>
constexpr index_t stored_bytes(active_set const& active, Forward const& forward) {
  ledger book;
  arena memory(book);
  counting<> device;
  counted_updates<true> updates;
  counting_context run{device, memory, updates, active, true, 0, 0};
  forward(run);
  return memory.tape_bytes();
}

}  // namespace slimfit
