// SPDX-License-Identifier: MIT
// How a layer cuts a batch into parts that it works on one after the other. The policy says how small parts may be.
// Where a device wants many rows at a time, parts are as large as the memory allows that the pass takes anyway: the
// arena is full at one moment only, and around that one alone small parts are needed.
#pragma once

#include <algorithm>
#include <limits>

#include <slimfit/core/sequences.hpp>
#include <slimfit/pass/counting_context.hpp>

namespace slimfit {

/// Calls `body(first, count)` for consecutive chunks of at most `chunk` of `rows` rows. The first is the largest, so
/// a backend that only counts runs just that one.
template <class Context, class Body>
constexpr void for_each_chunk(Context const& /*run*/, index_t rows, index_t chunk, Body const& body) {
  for (index_t first = 0; first < rows; first += chunk) {
    body(first, std::min(chunk, rows - first));
    if (Context::counts_only) { return; }
  }
}

/// Calls `body(first sequence, sequences)` for consecutive parts of a batch, of as many whole sequences as have at most
/// `rows` rows, but at least one. Where all parts but the last are alike, a backend that only counts runs just the
/// first.
template <class Context, class Body>
constexpr void for_each_part(Context const& /*run*/, sequence_batch const& batch, index_t rows, Body const& body) {
  for (index_t first = 0; first < batch.count();) {
    index_t end = first + 1;
    if (batch.is_uniform()) {
      end = std::min(batch.count(), first + std::max<index_t>(rows / batch.tokens(), 1));
    } else {
      while (end < batch.count() && batch.first(end + 1) - batch.first(first) <= rows) { ++end; }
    }
    body(first, end - first);
    if (Context::counts_only && batch.is_uniform()) { return; }
    first = end;
  }
}

/// The least rows of a batch that are worked on at a time: as many whole sequences as `Chunk` says, at least one. Never
/// more than when all sequences have `limit()` tokens, so that a plan for those bounds all others.
template <class Chunk, class Context>
constexpr index_t chunk_rows(Context const& /*run*/, sequence_batch const& batch, index_t hidden) {
  constexpr index_t busy = Context::device_type::busy_rows;
  index_t const most = Chunk::rows(batch.count() * batch.limit(), hidden, busy) / batch.limit();
  return std::min(std::max<index_t>(most, 1) * batch.limit(),
                  std::max(Chunk::rows(batch.rows(), hidden, busy), batch.tokens()));
}

/// A `context::budget` that everything fits.
inline constexpr index_t unlimited_budget = std::numeric_limits<index_t>::max();

namespace detail {

/// The backend that counts what `Device` would take.
template <class Device>
struct counting_of {
  using type = counting<Device>;
};
template <class Planned>
struct counting_of<counting<Planned>> {
  using type = counting<Planned>;
};

/// Whether updates say where gradients are written.
template <class Updates, class T>
concept places_gradients_of = requires(Updates& updates, parameter<T> const& target) {
  updates.place(target);
};
template <class Updates>
concept places_gradients =
    places_gradients_of<Updates, float> || places_gradients_of<Updates, double> || places_gradients_of<Updates, bf16>;

/// Updates that put gradients where `Updates` does, and do nothing with them.
template <class Updates>
struct places_of {
  static constexpr bool takes_parts = Updates::takes_parts;
  Updates* of;

  template <scalar T>
  [[nodiscard]] constexpr gradient_place<T> place(parameter<T> const& target) const {
    return of->place(target);
  }
  template <class... Anything>
  constexpr void apply(Anything const&... /*ignored*/) const {}
  template <class... Anything>
  constexpr void apply_part(Anything const&... /*ignored*/) const {}
};

/// Bytes of scratch that `work(context)` takes at most when it runs in the place of `run`.
template <class Device, class Updates, class Work>
constexpr index_t scratch_bytes(context<Device, Updates> const& run, Work const& work) {
  using counting_type = typename counting_of<Device>::type;
  ledger book;
  arena memory(book);
  counting_type device;
  auto const count = [&](auto updates) {
    context<counting_type, decltype(updates)> counted{device, memory, updates,        run.active, run.training,
                                                      0,      0,      run.saturation, run.drops};
    work(counted);
    return memory.high_water();
  };
  if constexpr (Device::counts_only) {
    return count(run.updates);
  } else if constexpr (places_gradients<Updates>) {
    return count(places_of<Updates>{&run.updates});
  } else {
    return count(counted_updates<true, Updates::takes_parts>{});  // the type that plans have, compiled already
  }
}

/// Rows of parts such that there are at most `parts` of them, of equal size.
constexpr index_t rows_in_parts(sequence_batch const& batch, index_t parts) {
  if (parts == 1) { return batch.rows(); }
  return batch.is_uniform() ? divide_up(batch.count(), parts) * batch.tokens()
                            : divide_up(batch.rows(), parts) + batch.tokens() - 1;
}

/// As few parts as `fits(rows)` allows, less than `most`, which fit in any case.
/// @param low fewer than so many do not fit
template <class Fits>
constexpr index_t fewest_parts(sequence_batch const& batch, index_t low, index_t most, Fits const& fits) {
  while (low < most) {
    index_t const middle = low + (most - low) / 2;
    if (fits(rows_in_parts(batch, middle))) {
      most = middle;
    } else {
      low = middle + 1;
    }
  }
  return most;
}

}  // namespace detail

/// Rows of a batch that a layer works on at a time. On a device that wants many rows these are parts of equal size, as
/// few as the pass's budget has memory for, and never more than of `least` rows each.
/// @param least what `chunk_rows` says
/// @param work `work(context, rows)` does in a context that counts what the layer will do in parts of so many rows
template <class Context, class Work>
constexpr index_t part_rows(Context const& run, sequence_batch const& batch, index_t least, Work const& work) {
  if constexpr (Context::device_type::busy_rows == 0) {
    return least;
  } else {
    bool const uniform = batch.is_uniform();
    index_t const most = uniform ? divide_up(batch.count(), std::max<index_t>(least / batch.tokens(), 1))
                                 : divide_up(batch.rows(), least);
    if (most <= 1 || run.budget == unlimited_budget) { return batch.rows(); }
    index_t const free = run.budget - run.memory.used_bytes();
    auto const needed = [&](index_t rows) {
      return detail::scratch_bytes(run, [&](auto& counted) { work(counted, rows); });
    };
    index_t parts = most;
    if (free > 0) {
      index_t const whole = needed(batch.rows());
      if (whole <= free) { return batch.rows(); }
      // A part takes its share of the whole or more.
      parts =
          detail::fewest_parts(batch, divide_up(whole, free), most, [&](index_t rows) { return needed(rows) <= free; });
    }
    return !uniform && parts == most ? least : detail::rows_in_parts(batch, parts);
  }
}

}  // namespace slimfit
