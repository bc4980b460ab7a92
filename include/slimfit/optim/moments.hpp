// SPDX-License-Identifier: MIT
// The state that an optimizer keeps per parameter. It is allocated when a parameter is first about to be updated, so
// parameters that are never active cost nothing; and before the step, so that a step cannot run out of memory midway.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/update_sums.hpp>
#include <slimfit/memory/resource.hpp>

namespace slimfit {

/// A parameter by its position in the model's parameter list, and its element count.
struct parameter_extent {
  index_t index = 0;
  index_t count = 0;
};

/// One array of optimizer state, where the backend keeps it.
template <class C>
struct state_array {
  std::string name;  ///< e.g. "12.first_moment"
  C* data = nullptr;
  index_t count = 0;
};

/// Bytes of the partial sums of the largest parameter, and of the sums and coefficients of all `parameters`: held as
/// long as the optimizer lives, in category::workspace.
template <class Coefficients>
constexpr index_t optimizer_workspace_bytes(index_t parameters, index_t largest_parameter) {
  constexpr auto size = static_cast<index_t>(sizeof(update_sums));
  return round_up(divide_up(largest_parameter, update_block) * size, 64) + round_up(parameters * size, 64) +
         round_up(parameters * static_cast<index_t>(sizeof(Coefficients)), 64);
}

/// Bytes of `arrays` moments of a parameter, in category::optimizer.
template <scalar T>
constexpr index_t moment_bytes(index_t arrays, index_t count) {
  return arrays * round_up(count * static_cast<index_t>(sizeof(compute_type<T>)), 64);
}

/// @tparam Backend has `memory()`, `fill_zero`
/// @tparam T of the weights; moments are `compute_type<T>`
template <class Backend, scalar T>
class moment_table {
 public:
  using value_type = compute_type<T>;

  /// @param names one per array that a parameter has
  moment_table(Backend& backend, index_t parameters, std::vector<char const*> names)
      : backend_(&backend), names_(std::move(names)), slots_(static_cast<std::size_t>(parameters)) {}

  /// Creates the moments, zero, of those parameters that have none.
  /// @throws memory_error; then nothing was created. @throws value_error for a position that does not exist.
  void prepare(std::span<parameter_extent const> parameters) {
    if (names_.empty()) { return; }
    auto created = created_for(parameters);
    for (auto& [index, block] : created) { slots_[static_cast<std::size_t>(index)].block = std::move(block); }
  }

  /// The arrays of a parameter, `stride(count)` elements apart; prepares it if nobody did.
  /// @throws shape_error when it was prepared with another count.
  value_type* moments(index_t parameter, index_t count) {
    if (names_.empty()) { return nullptr; }
    parameter_extent const extent{parameter, count};
    prepare({&extent, 1});
    auto const& block = slot(parameter).block;
    require_equal("optimizer: elements of a parameter's moments", block.size(), blocks_elements(count));
    return block.data();
  }
  /// Elements from one array of a parameter to the next.
  [[nodiscard]] static constexpr index_t stride(index_t count) {
    return round_up(count, 64 / static_cast<index_t>(sizeof(value_type)));
  }

  [[nodiscard]] bool created(index_t parameter) const { return slot(parameter).block.size() > 0; }
  /// How often a parameter was updated.
  [[nodiscard]] index_t steps(index_t parameter) const { return slot(parameter).steps; }
  void count_step(index_t parameter) {
    ++slots_[static_cast<std::size_t>(parameter)].steps;
    revocable_.push_back(parameter);
  }
  /// Steps counted since the last call of either are final, or did not happen.
  void confirm_steps() { revocable_.clear(); }
  void revoke_steps() {
    for (auto const parameter : revocable_) { --slots_[static_cast<std::size_t>(parameter)].steps; }
    revocable_.clear();
  }
  [[nodiscard]] index_t parameters() const { return static_cast<index_t>(slots_.size()); }

  /// Step counts of all parameters, for a checkpoint.
  [[nodiscard]] std::vector<index_t> step_counts() const {
    std::vector<index_t> result;
    for (auto const& each : slots_) { result.push_back(each.steps); }
    return result;
  }
  /// The moments of all parameters that were updated at least once, for a checkpoint.
  /// @param counts elements by parameter
  [[nodiscard]] std::vector<state_array<value_type>> arrays(std::span<index_t const> counts) const {
    require_equal("optimizer state: number of parameters", static_cast<index_t>(counts.size()), parameters());
    std::vector<state_array<value_type>> result;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].steps > 0) { append_arrays(result, static_cast<index_t>(i), counts[i], slots_[i].block.data()); }
    }
    return result;
  }
  /// Replaces the whole state: moments are created for every step count above 0 and `read(state_array)` fills them.
  /// @throws what `read` throws, memory_error, shape_error, value_error; then nothing changed.
  template <class Read>
  void load(std::span<index_t const> step_counts, std::span<index_t const> counts, Read const& read) {
    require_equal("optimizer state: number of parameters", static_cast<index_t>(counts.size()), parameters());
    require_equal("optimizer state: number of step counts", static_cast<index_t>(step_counts.size()), parameters());
    std::vector<entry> loaded(slots_.size());
    std::vector<state_array<value_type>> targets;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      if (step_counts[i] < 0) {
        throw value_error(mismatch("optimizer state: step count", step_counts[i], "at least 0"));
      }
      loaded[i].steps = step_counts[i];
      if (step_counts[i] == 0 || names_.empty()) { continue; }
      loaded[i].block = block_type(backend_->memory(), blocks_elements(counts[i]), category::optimizer);
      append_arrays(targets, static_cast<index_t>(i), counts[i], loaded[i].block.data());
    }
    for (auto const& target : targets) { read(target); }
    slots_ = std::move(loaded);
  }

 private:
  using block_type = buffer<value_type, typename Backend::resource_type>;
  struct entry {
    block_type block;
    index_t steps = 0;
  };

  [[nodiscard]] entry const& slot(index_t parameter) const {
    if (parameter < 0 || parameter >= parameters()) {
      throw value_error(
          mismatch("optimizer: parameter", parameter, "at least 0 and less than " + std::to_string(parameters())));
    }
    return slots_[static_cast<std::size_t>(parameter)];
  }
  [[nodiscard]] index_t blocks_elements(index_t count) const {
    return static_cast<index_t>(names_.size()) * stride(count);
  }
  std::vector<std::pair<index_t, block_type>> created_for(std::span<parameter_extent const> parameters) {
    std::vector<std::pair<index_t, block_type>> created;
    for (auto const& [index, count] : parameters) {
      if (slot(index).block.size() > 0) { continue; }
      created.emplace_back(index, block_type(backend_->memory(), blocks_elements(count), category::optimizer));
      backend_->fill_zero(created.back().second.data(), created.back().second.size());
    }
    return created;
  }
  void append_arrays(std::vector<state_array<value_type>>& list, index_t parameter, index_t count,
                     value_type* data) const {
    for (auto const* name : names_) {
      list.push_back({std::to_string(parameter) + "." + name, data, count});
      data += stride(count);
    }
  }

  Backend* backend_;
  std::vector<char const*> names_;
  std::vector<entry> slots_;
  std::vector<index_t> revocable_;
};

}  // namespace slimfit
