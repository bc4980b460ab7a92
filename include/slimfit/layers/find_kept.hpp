// SPDX-License-Identifier: MIT
// What a forward pass kept, found again in other memory. A program that hands tapes to another framework gets their
// bytes back at another address, or after a forward pass of its own over the same layer. What `forward` returns are
// views of one tape, at distances that depend on the layer, the batch and the choice of units alone; so the same code
// on the counting backend, over the tape's new memory, makes the same views of it and touches nothing.
#pragma once

#include <slimfit/backend/counting.hpp>
#include <slimfit/layers/layer.hpp>

namespace slimfit {

/// What `layer.forward(run, batch, ...)` returned, as views of the bytes that it left on its tape, which lie at the
/// beginning of the memory of `run`'s arena now. They are on the arena's tape afterwards, so `layer.backward` may
/// follow, as soon as the arena has scratch memory.
///
///     arena memory(book, tape);                                    // the bytes of another pass's tape
///     context<host, updates> run{device, memory, updates, active, true, seed, iteration};
///     auto const kept = find_kept(run, layer, batch);
///     memory.give_scratch(scratch);
///     layer.backward(run, kept, {.output_gradient = dy}, {.input_gradient = dx});
///
/// Not for layers whose backward pass needs more tape than the forward pass left (recomputed blocks) or that keep
/// something elsewhere (offloaded ones).
/// @param run  as in the forward pass: the active units, whether there is dropout, seed and iteration
/// @param live as in the forward pass
/// @throws usage_error where the arena has scratch memory already or something on its tape; memory_error where
/// its tape's memory is smaller than what the forward pass left
template <class Context, layer Layer>
constexpr typename Layer::kept_type find_kept(Context& run, Layer const& each, sequence_batch const& batch,
                                              live_rows live = live_rows::all) {
  if (run.memory.has_scratch() || run.memory.tape_bytes() != 0) {
    detail::raise<usage_error>("find_kept", "the arena must have a tape without anything on it, and no scratch memory");
  }
  using device_type = typename Context::device_type;
  using counting_type = std::conditional_t<Context::counts_only, device_type, counting<device_type>>;
  counting_type device;
  context<counting_type, typename Context::updates_type> counted{
      device, run.memory, run.updates, run.active, run.training, run.seed, run.iteration, {}, run.drops, run.numbers};
  return each.forward(counted, batch, {}, {.live = live});
}

}  // namespace slimfit
