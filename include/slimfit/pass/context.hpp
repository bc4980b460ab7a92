// SPDX-License-Identifier: MIT
// What a layer needs to run: where (the backend), on what memory (the arena), what to do with gradients, which units
// are active, and the random numbers of this iteration. Layers written on it run on every backend and are planned by
// running them on the counting one.
#pragma once

#include <algorithm>
#include <initializer_list>

#include <slimfit/core/philox.hpp>
#include <slimfit/freezing/active_set.hpp>
#include <slimfit/kernels/saturation.hpp>
#include <slimfit/memory/arena.hpp>
#include <slimfit/memory/recorded_scope.hpp>
#include <slimfit/pass/matrix_place.hpp>
#include <slimfit/pass/parameter.hpp>
#include <slimfit/stash/form.hpp>

namespace slimfit {

/// Where clipped values are counted, see pass/saturation.hpp.
struct saturation_table {
  bool wanted = false;
  saturation_total* counters = nullptr;  ///< in the backend's memory
};

/// What a layer says of a matrix that it keeps.
struct stashed_matrix {
  char const* name = "";  ///< for records of memory
  category purpose = category::static_activations;
  /// Units whose state decides on its form: active while any of them is. None: it always is.
  std::initializer_list<int> units{};
};

/// @tparam Device a backend
/// @tparam Updates what becomes of gradients: see pass/gradient.hpp
template <class Device, class Updates>
struct context {
  using device_type = Device;
  using updates_type = Updates;
  static constexpr bool counts_only = Device::counts_only;

  Device& device;
  arena& memory;
  Updates& updates;
  active_set active;      ///< units that are updated in this iteration
  bool training = false;  ///< whether a backward pass follows; otherwise nothing is kept
  std::uint64_t seed = 0;
  std::uint32_t iteration = unnumbered;  ///< of the step; layers draw by `random`, not by this
  saturation_table saturation{};
  bool drops = false;  ///< whether dropout takes place
  /// Seed and iteration in the backend's memory, for steps that may be recorded; null: those above.
  step_numbers const* numbers = nullptr;
  /// Bytes of `memory` that this pass takes anyway: what of them is free makes parts of the batch larger, see
  /// pass/parts.hpp. 0: parts are as small as the policy says.
  index_t budget = 0;

  static constexpr std::uint32_t unnumbered = random_stream::in_memory;

  /// In which form stashes that serve `unit` are kept.
  [[nodiscard]] constexpr unit_state state(int unit) const {
    if (!training) { return unit_state::inference; }
    return is_active(unit) ? unit_state::active : unit_state::frozen;
  }
  /// The same for stashes that serve several: active when any of them is, or when there are none.
  [[nodiscard]] constexpr unit_state state(std::initializer_list<int> units) const {
    if (units.size() == 0) { return state(no_unit); }
    for (int const unit : units) {
      if (state(unit) != unit_state::frozen) { return state(unit); }
    }
    return unit_state::frozen;
  }
  /// Whether the parameters of `unit` are updated.
  [[nodiscard]] constexpr bool is_active(int unit) const { return unit == no_unit || active.test(unit); }

  template <class T>
  [[nodiscard]] constexpr scratch_buffer<T> scratch(index_t count) {
    return scratch_buffer<T>(memory, count);
  }
  /// The same under a name of its own in records.
  template <class T>
  [[nodiscard]] constexpr scratch_buffer<T> scratch(index_t count, char const* name) {
    recorded_matrix const label(memory.record(), [&] { return described_matrix{name}; });
    return scratch_buffer<T>(memory, count);
  }
  /// Makes room on the tape for `rows` rows of `Width` numbers, in the form that `Stash` has in the state of the
  /// matrix's units. Plans count for each unit what it costs to be active.
  /// @param place of the matrix: a stash that rounds at random draws by it
  /// @throws usage_error when one does and the place has no position
  template <class Stash, scalar T, int Width>
  [[nodiscard]] constexpr auto keep(index_t rows, stashed_matrix const& matrix, matrix_place const& place) {
    return keep_by<Stash, T, Width>(rows, matrix, stream_of<Stash>(matrix, place));
  }
  /// The same for stashes that do not round at random.
  template <class Stash, scalar T, int Width>
  [[nodiscard]] constexpr auto keep(index_t rows, stashed_matrix const& matrix) {
    static_assert(!stash::draws_random<Stash>,
                  "slimfit: context::keep: this stash rounds at random: pass the matrix_place of what it keeps behind "
                  "the matrix, e.g. matrix_place{weight.position, layer_matrix::input}");
    return keep_by<Stash, T, Width>(rows, matrix, {});
  }
  /// Runs `forward()`, a part of the network, again in the backward pass. @return its result
  template <class Forward>
  constexpr auto recompute(Forward const& forward) {
    if constexpr (counts_only) {
      if (device.costs() != nullptr) { device.costs()->begin_recomputation(); }
    }
    auto kept = forward();
    if constexpr (counts_only) {
      if (device.costs() != nullptr) { device.costs()->end_recomputation(); }
    }
    return kept;
  }
  template <class Kernel>
  constexpr void launch(index_t rows, Kernel const& kernel) {
    device.launch(rows, kernel);
  }
  /// While the result lives, what runs belongs to `name` in records of memory and, on backends that have such names, in
  /// profiles. @param number behind the name; negative: none
  [[nodiscard]] constexpr recorded_range<Device> range(char const* name, int number = -1) const {
    return {memory.record(), name, number};
  }
  /// The numbers of this step for one layer and purpose.
  /// @throws usage_error when nobody said which step it is
  [[nodiscard]] constexpr random_stream random(std::uint32_t place) const {
    if (numbers != nullptr) { return random_stream::of_step(numbers, place); }
    if (iteration == unnumbered) {
      throw usage_error(
          "slimfit: context: iteration is not set, expected the step's number: random numbers would be the same in "
          "every step");
    }
    return {seed, iteration, place};
  }

  /// The same context for layers whose backward pass will run, or will not.
  [[nodiscard]] constexpr context with_backward(bool follows) const {
    context copy = *this;
    copy.training = training && follows;
    return copy;
  }

 private:
  template <class Stash>
  using stream_type = stash::detail::stream_of<stash::draws_random<Stash>>;

  template <class Stash>
  [[nodiscard]] constexpr stream_type<Stash> stream_of([[maybe_unused]] stashed_matrix const& matrix,
                                                       [[maybe_unused]] matrix_place const& place) const {
    if constexpr (stash::draws_random<Stash> && !counts_only) {
      if (!training) { return {}; }
      if (place.position < 0) {
        throw usage_error(std::string("slimfit: context: ") + matrix.name +
                          " is rounded at random by the position of its layer's parameters, which is not set; "
                          "bind_parameters sets it, or parameter::position by hand");
      }
      return random(place.random_place());
    } else {
      return {};
    }
  }
  template <class Stash, scalar T, int Width>
  [[nodiscard]] constexpr auto keep_by(index_t rows, stashed_matrix const& matrix, stream_type<Stash> const& stream) {
    auto const current = state(matrix.units);
    recorded_matrix const label(memory.record(), [&] {
      described_matrix described{matrix.name, stash::form_of<Stash, T>(current)};
      // Other stashes keep the same in every state, and what is static is kept in some form whatever the state.
      if constexpr (requires { Stash::is_dense_in(current); }) {
        for (int const unit : matrix.units) {
          if (matrix.purpose == category::dynamic_activations && active.test(unit)) { described.add_unit(unit); }
        }
      }
      return described;
    });
    if constexpr (counts_only && stash::depends_on_state<Stash>) { add_costs<Stash, T, Width>(rows, matrix); }
    return stash::keep<Stash, T, Width>(memory, rows, matrix.purpose, current, stream);
  }
  /// Counts for each unit of the matrix what is kept more because it is active.
  template <class Stash, scalar T, int Width>
  constexpr void add_costs(index_t rows, stashed_matrix const& matrix) {
    if (device.costs() == nullptr || !training) { return; }
    // With one that is always active there is no other form.
    if (std::find(matrix.units.begin(), matrix.units.end(), no_unit) != matrix.units.end()) { return; }
    ledger book;
    arena tape(book);
    auto const bytes_in = [&](unit_state state) {
      index_t const before = tape.tape_bytes();
      (void)stash::keep<Stash, T, Width>(tape, rows, matrix.purpose, state, stream_type<Stash>{});
      return tape.tape_bytes() - before;
    };
    index_t const more = bytes_in(unit_state::active) - bytes_in(unit_state::frozen);
    for (auto unit = matrix.units.begin(); unit != matrix.units.end(); ++unit) {
      if (std::find(matrix.units.begin(), unit, *unit) == unit) { device.costs()->add(*unit, more); }
    }
  }
};

}  // namespace slimfit
