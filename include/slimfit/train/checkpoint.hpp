// SPDX-License-Identifier: MIT
// Models and interrupted runs as safetensors files. A model's file holds its parameters by name; a run's file also
// holds moments, step counts and the schedule, so that training goes on bit for bit.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/optim/state_layout.hpp>
#include <slimfit/policy/active_set.hpp>
#include <slimfit/train/load_checks.hpp>

namespace slimfit {

namespace detail {
template <scalar T>
std::vector<index_t> extents_of(parameter<T> const& each) {
  return {each.shape.begin(), each.shape.begin() + each.rank};
}

/// Numbers copied from a backend to be written.
template <class T>
using staged_tensors = std::vector<std::vector<T>>;

template <class Network, class Device>
void add_parameters(safetensors_writer& writer, model<Network, Device> const& net, dtype type,
                    staged_tensors<typename Network::value_type>& staged) {
  for (auto const& [name, each] : net.parameters()) {
    auto& values = staged.emplace_back(static_cast<std::size_t>(each.count()));
    net.device().copy(each.data, values.data(), each.count());
    writer.add(name, type, extents_of(each), values.data());
  }
}
}  // namespace detail

/// Writes a model's parameters to `path`, whole or not at all.
/// @param type F32, F16, BF16 or F64
/// @throws file_error; a file that was there is unchanged then
template <class Network, class Device>
void save(model<Network, Device> const& net, std::string const& path, dtype type = dtype::f32) {
  safetensors_writer writer;
  detail::staged_tensors<typename Network::value_type> staged;
  detail::add_parameters(writer, net, type, staged);
  writer.save(path);
}

/// Parameters that `load` left as they were because their name begins with one of `except`.
struct load_options {
  /// Names or beginnings of names of parameters not to read, e.g. "classifier" when the classes differ.
  std::vector<std::string> except;
};

/// Reads all parameters from `path`.
/// @throws file_error when one is missing, has another shape or a number that is not finite, value_error when `except`
/// names none; the model is unchanged then
template <class Network, class Device>
void load(model<Network, Device>& net, std::string const& path, load_options const& options = {}) {
  detail::require_known_names(options.except, net.parameters());
  safetensors_file const file(path);
  detail::staged_tensors<typename Network::value_type> staged;
  auto const wanted = [&](std::string const& name) {
    return std::none_of(options.except.begin(), options.except.end(),
                        [&name](std::string const& prefix) { return name.starts_with(prefix); });
  };
  for (auto const& [name, each] : net.parameters()) {
    auto& values = staged.emplace_back(wanted(name) ? static_cast<std::size_t>(each.count()) : 0);
    if (!wanted(name)) { continue; }
    file.read_into(name, detail::extents_of(each), values.data());
    detail::require_finite_weights<typename Network::value_type>(values, path, name);
  }
  for (std::size_t i = 0; i < staged.size(); ++i) {
    net.device().copy(staged[i].data(), net.parameters()[i].value.data, static_cast<index_t>(staged[i].size()));
  }
}

/// Writes everything that `load_run` needs to go on with an interrupted run.
/// @param extra strings of the program's own, e.g. its options
/// @throws file_error; a file that was there is unchanged then
template <class Trainer>
void save_run(Trainer& run, std::string const& path, std::map<std::string, std::string> const& extra = {}) {
  using value_type = typename Trainer::value_type;
  run.finish();
  safetensors_writer writer;
  detail::staged_tensors<value_type> staged;
  constexpr dtype type = std::is_same_v<value_type, double> ? dtype::f64 : dtype::f32;
  detail::add_parameters(writer, run.net(), type, staged);
  auto const counts = run.parameter_counts();
  detail::staged_tensors<std::byte> moments;
  run.optimizer().for_each_state_array(counts, [&]<class C>(state_array<C> const& each) {
    auto& bytes = moments.emplace_back(static_cast<std::size_t>(each.count) * sizeof(C));
    auto* const values = reinterpret_cast<C*>(bytes.data());
    run.net().device().copy(each.data, values, each.count);
    constexpr dtype floating = std::is_same_v<C, double> ? dtype::f64 : dtype::f32;
    writer.add("optimizer." + each.name, std::integral<C> ? dtype::u8 : floating, {each.count}, values);
  });
  auto const steps = run.optimizer().step_counts();
  writer.add("optimizer.steps", dtype::i64, {static_cast<index_t>(steps.size())}, steps.data());
  auto const updates = run.optimizer().update_counts();
  writer.add("optimizer.updates", dtype::i64, {static_cast<index_t>(updates.size())}, updates.data());
  auto const schedule = run.schedule().save_state();
  writer.add("schedule", dtype::f64, {static_cast<index_t>(schedule.size())}, schedule.data());
  std::vector<std::uint8_t> updated(static_cast<std::size_t>(Trainer::model_type::units));
  for (std::size_t i = 0; i < updated.size(); ++i) { updated[i] = run.updated().test(static_cast<index_t>(i)) ? 1 : 0; }
  writer.add("updated", dtype::u8, {static_cast<index_t>(updated.size())}, updated.data());
  index_t const iteration = run.iteration();
  writer.add("iteration", dtype::i64, {1}, &iteration);
  for (auto const& [key, value] : extra) { writer.set_metadata(key, value); }
  writer.save(path);
}

/// Continues the run in `path`: weights, moments, schedule and iteration.
/// @return the program's own strings
/// @throws file_error, shape_error, value_error, memory_error; weights, schedule and iteration are unchanged then
template <class Trainer>
std::map<std::string, std::string> load_run(Trainer& run, std::string const& path) {
  run.finish();
  safetensors_file const file(path);
  auto const units = static_cast<index_t>(Trainer::model_type::units);
  auto const numbers = static_cast<index_t>(run.schedule().save_state().size());
  std::vector<double> schedule(static_cast<std::size_t>(numbers));
  file.read_into("schedule", {numbers}, schedule.data());
  auto state = run.schedule();
  state.load_state(schedule);
  std::vector<std::uint8_t> flags(static_cast<std::size_t>(units));
  file.read_into("updated", {units}, flags.data());
  active_set updated;
  for (index_t i = 0; i < units; ++i) { updated.set(i, flags[static_cast<std::size_t>(i)] != 0); }
  index_t iteration = 0;
  file.read_into("iteration", {1}, &iteration);
  auto const counts = run.parameter_counts();
  std::vector<index_t> steps(counts.size());
  file.read_into("optimizer.steps", {static_cast<index_t>(counts.size())}, steps.data());
  std::vector<index_t> updates;
  if (file.contains("optimizer.updates")) {
    updates.resize(counts.size());
    file.read_into("optimizer.updates", {static_cast<index_t>(counts.size())}, updates.data());
  }
  run.optimizer().load_state(steps, updates, counts, [&]<class C>(state_array<C> const& each) {
    std::vector<C> values(static_cast<std::size_t>(each.count));
    file.read_into("optimizer." + each.name, {each.count}, values.data());
    run.net().device().copy(values.data(), each.data, each.count);
  });
  load(run.net(), path);
  run.restore(iteration, std::move(state), updated);
  return file.metadata();
}

}  // namespace slimfit
