// SPDX-License-Identifier: MIT
// Interrupted runs as safetensors files: beside the model's parameters moments, step counts and the schedule, so that
// training goes on bit for bit. Every part has a checksum, and a run takes all of a file or nothing.
#pragma once

#include <limits>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/optim/state_layout.hpp>
#include <slimfit/optim/state_slices.hpp>
#include <slimfit/train/checkpoint.hpp>
#include <slimfit/train/run_origin.hpp>

namespace slimfit {

/// See `run_snapshot`.
template <class = void>
class basic_run_snapshot {
 public:
  /// Waits for the step that was enqueued last, and copies.
  /// @param extra strings of the program's own, e.g. its options
  /// @throws value_error where a weight or a moment is no number: such a run has diverged, and a checkpoint before that
  /// is worth more; or where a key of `extra` begins with "slimfit."
  template <class Trainer>
  explicit basic_run_snapshot(Trainer& run, std::map<std::string, std::string> const& extra = {}) {
    run.finish();
    for (auto const& [key, value] : extra) { set_metadata(key, value); }
    for (auto const& [key, value] : detail::origin_of(run)) { writer_.set_metadata(key, value); }
    writer_.add_checksums();
    auto const& device = run.net().device();
    using value_type = typename Trainer::value_type;
    for (auto const& [name, each] : run.net().parameters()) {
      constexpr dtype type = std::is_same_v<value_type, double> ? dtype::f64 : dtype::f32;
      add(name, type, detail::extents_of(each), device, static_cast<value_type const*>(each.data));
    }
    auto const counts = run.parameter_counts();
    run.optimizer().for_each_state_array(counts, [&]<class C>(state_array<C> const& each) {
      constexpr dtype floating = std::is_same_v<C, double> ? dtype::f64 : dtype::f32;
      constexpr dtype type = std::integral<C> ? dtype::u8 : floating;
      if constexpr (detail::cuts_state<typename Trainer::options_type>) {
        if (each.count != each.whole) {
          return add_filled<C>("optimizer." + each.name, type, {each.whole}, [&](C* all) { run.gather(each, all); });
        }
      }
      add("optimizer." + each.name, type, {each.count}, device, static_cast<C const*>(each.data));
    });
    add_list("optimizer.steps", dtype::i64, run.optimizer().step_counts());
    add_list("optimizer.updates", dtype::i64, run.optimizer().update_counts());
    add_list("schedule", dtype::f64, run.schedule().save_state());
    std::vector<std::uint8_t> updated;
    for (index_t i = 0; i < Trainer::model_type::units; ++i) { updated.push_back(run.updated().test(i) ? 1 : 0); }
    add_list("updated", dtype::u8, updated);
    add_list("iteration", dtype::i64, std::vector<index_t>{run.iteration()});
  }

  basic_run_snapshot(basic_run_snapshot&&) noexcept = default;
  basic_run_snapshot& operator=(basic_run_snapshot&&) noexcept = default;

  /// Writes it to `path`, whole or not at all.
  /// @param before where the file goes that `path` was before; empty: it is replaced
  /// @throws file_error; a file that was there is unchanged then
  void save(std::string const& path, std::string const& before = {}) const { writer_.save(path, before); }

 private:
  void set_metadata(std::string const& key, std::string const& value) {
    if (key.starts_with(own_metadata)) {
      raise_mismatch<value_error>("save_run: key of a string", key, {"one that does not begin with slimfit."});
    }
    writer_.set_metadata(key, value);
  }
  template <class T>
  T* room_for(std::size_t count) {
    return reinterpret_cast<T*>(memory_.emplace_back(count * sizeof(T)).data());
  }
  template <class Device, class T>
  void add(std::string const& name, dtype type, std::vector<index_t> shape, Device const& device, T const* data) {
    index_t const count = shape_bytes(shape, 1);
    add_filled<T>(name, type, std::move(shape), [&](T* values) { device.copy(data, values, count); });
  }
  template <class T, class Fill>
  void add_filled(std::string const& name, dtype type, std::vector<index_t> shape, Fill const& fill) {
    index_t const count = shape_bytes(shape, 1);
    auto* const values = room_for<T>(static_cast<std::size_t>(count));
    fill(values);
    if constexpr (is_floating_element<T>) {
      detail::require_finite<value_error>("tensor " + name,
                                          std::span<T const>(values, static_cast<std::size_t>(count)));
    }
    writer_.add(name, type, std::move(shape), static_cast<T const*>(values));
  }
  template <class T>
  void add_list(char const* name, dtype type, std::vector<T> const& list) {
    auto* const values = room_for<T>(list.size());
    std::copy(list.begin(), list.end(), values);
    writer_.add(name, type, {std::ssize(list)}, static_cast<T const*>(values));
  }

  safetensors_writer writer_;
  std::list<std::vector<std::byte>> memory_;
};

/// Everything that `load_run` needs to go on with a run, in the host's memory: it can be written, by another thread
/// too, while the run goes on.
using run_snapshot = basic_run_snapshot<>;

/// Writes everything that `load_run` needs to go on with an interrupted run. Of several ranks the first writes; where
/// the optimizer's state is in slices (`sliced_state`) all must call it, and have them gathered.
/// @param extra strings of the program's own, e.g. its options
/// @throws file_error; a file that was there is unchanged then; value_error as `run_snapshot`
template <class Trainer>
void save_run(Trainer& run, std::string const& path, std::map<std::string, std::string> const& extra = {}) {
  run_snapshot const all(run, extra);
  if (run.is_first_rank()) { all.save(path); }
}

namespace detail {

/// What a run's file holds but weights and moments.
template <class State>
struct run_numbers {
  index_t iteration = 0;
  State schedule;
  active_set updated{};
  std::vector<index_t> steps{};    ///< by parameter
  std::vector<index_t> updates{};  ///< by parameter; empty: as the steps
};

/// @throws file_error unless `least <= value <= most`
inline void require_within(std::string const& source, std::string const& tensor, std::size_t element, index_t value,
                           index_t least, index_t most) {
  if (value >= least && value <= most) { return; }
  throw file_error("slimfit: " + source + ": tensor " + tensor + ", element " + std::to_string(element) + " is " +
                   std::to_string(value) + ", expected " + std::to_string(least) + " to " + std::to_string(most));
}
/// Integers of which each lies between two bounds.
template <class T>
std::vector<T> read_bounded(safetensors_view const& file, std::string const& tensor, index_t count, index_t least,
                            index_t most) {
  std::vector<T> values(static_cast<std::size_t>(count));
  file.read_into(tensor, {count}, values.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    index_t const value = values[i];
    require_within(file.source(), tensor, i, value, least, most);
  }
  return values;
}

/// @throws file_error
template <class Trainer>
auto read_numbers(Trainer const& run, safetensors_view const& file) {
  run_numbers<typename Trainer::schedule_state> found{.schedule = run.schedule()};
  // Random numbers are drawn by iterations and by updates, and no parameter has more steps.
  constexpr index_t most = std::numeric_limits<std::uint32_t>::max();
  found.iteration = read_bounded<index_t>(file, "iteration", 1, 0, most).front();
  std::vector<double> schedule(found.schedule.save_state().size());
  file.read_into("schedule", {std::ssize(schedule)}, schedule.data());
  try {
    found.schedule.load_state(schedule);
  } catch (error const& problem) {
    throw file_error("slimfit: " + file.source() + ": tensor schedule holds what no schedule does: " + problem.what());
  }
  auto const units = static_cast<index_t>(Trainer::model_type::units);
  auto const flags = read_bounded<std::uint8_t>(file, "updated", units, 0, 1);
  for (index_t i = 0; i < units; ++i) { found.updated.set(i, flags[static_cast<std::size_t>(i)] != 0); }
  auto const parameters = static_cast<index_t>(run.net().parameters().size());
  found.steps = read_bounded<index_t>(file, "optimizer.steps", parameters, 0, most);
  if (file.contains("optimizer.updates")) {
    found.updates = read_bounded<index_t>(file, "optimizer.updates", parameters, 0, most);
  }
  return found;
}

/// Moments are finite, and second moments not negative. @throws file_error
template <class T>
void require_sound(safetensors_view const& file, std::string const& tensor, std::vector<T> const& values) {
  if constexpr (is_floating_element<T>) {
    auto const name = file.source() + ": tensor " + tensor;
    if (tensor.ends_with("second_moment")) {
      require_finite<file_error>(name, values, "a finite number, at least 0", 0);
    } else {
      require_finite<file_error>(name, values);
    }
  }
}

}  // namespace detail

/// Continues the run in `path`: weights, moments, schedule and iteration. `notes_on_run` says what is worth knowing
/// before.
/// @return the program's own strings
/// @throws file_error where the file is damaged, is of another optimizer, or has numbers that no run has; value_error
/// for step counts that do not fit each other, memory_error; everything of the run is unchanged then
template <class Trainer>
std::map<std::string, std::string> load_run(Trainer& run, std::string const& path) {
  run.finish();
  safetensors_file const file(path);
  verify_checksums(file);
  detail::require_same_optimizer(run, file);
  auto numbers = detail::read_numbers(run, file);
  auto const weights = detail::read_parameters(run.net(), file, {});
  run.optimizer().load_state(numbers.steps, numbers.updates, run.parameter_counts(),
                             [&]<class C>(state_array<C> const& each) {
                               std::vector<C> values(static_cast<std::size_t>(each.whole));
                               file.read_into("optimizer." + each.name, {each.whole}, values.data());
                               detail::require_sound(file, "optimizer." + each.name, values);
                               run.net().device().copy(values.data() + each.first, each.data, each.count);
                             });
  detail::copy_parameters(weights, run.net());
  run.restore(numbers.iteration, std::move(numbers.schedule), numbers.updated);
  return detail::own_strings(file);
}

}  // namespace slimfit
