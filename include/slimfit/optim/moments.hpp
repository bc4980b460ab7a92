// SPDX-License-Identifier: MIT
// The state that an optimizer keeps per parameter. It is allocated when a parameter is first about to be updated, so
// parameters that are never active cost nothing; and before the step, so that a step cannot run out of memory midway.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/kernels/update_sums.hpp>
#include <slimfit/optim/state_layout.hpp>

namespace slimfit {

/// A parameter by its position in the model's parameter list, and its element count.
struct parameter_extent {
  index_t index = 0;
  index_t count = 0;
};

/// Bytes of the partial sums of the largest parameter, of the sums and coefficients of all `parameters` and of one more
/// coefficient, which has the step's gate: held as long as the optimizer lives, in category::workspace.
template <class Coefficients>
constexpr index_t optimizer_workspace_bytes(index_t parameters, index_t largest_parameter) {
  constexpr auto size = static_cast<index_t>(sizeof(update_sums));
  return round_up(divide_up(largest_parameter, update_block) * size, 64) + round_up(parameters * size, 64) +
         round_up((parameters + 1) * static_cast<index_t>(sizeof(Coefficients)), 64);
}

/// @tparam Backend has `memory()`, `fill_zero`
/// @tparam T of the weights
/// @tparam Options `state<T>(count)` gives the `state_layout` of a parameter of `count` elements
template <class Backend, scalar T, class Options>
class moment_table {
 public:
  moment_table(Backend& backend, index_t parameters, Options options)
      : backend_(&backend), options_(options), slots_(static_cast<std::size_t>(parameters)) {}

  /// Creates the state, zero, of those parameters that have none.
  /// @throws memory_error; then nothing was created. @throws value_error for a position that does not exist.
  void prepare(std::span<parameter_extent const> parameters) {
    auto created = created_for(parameters);
    for (auto& [index, block] : created) { slots_[static_cast<std::size_t>(index)].block = std::move(block); }
  }
  /// Gives the state of a parameter back: its moments and its step count begin anew with its next update.
  void drop(index_t parameter) {
    auto& dropped = slot(parameter);
    dropped.block = block_type();
    dropped.steps = 0;
  }

  /// The state of a parameter, which is created if it does not exist yet. Null where an optimizer keeps none.
  /// @throws shape_error when it was prepared with another count.
  std::byte* block(index_t parameter, index_t count) {
    parameter_extent const extent{parameter, count};
    prepare({&extent, 1});
    auto const& block = slot(parameter).block;
    require_equal("optimizer: bytes of a parameter's moments", block.size(), layout(count).bytes());
    return block.data();
  }
  /// The same of one that was prepared; null where it was not.
  [[nodiscard]] std::byte const* state(index_t parameter) const { return slot(parameter).block.data(); }
  [[nodiscard]] state_layout<T> layout(index_t count) const { return options_.template state<T>(count); }

  /// How often a parameter was updated since its moments began.
  [[nodiscard]] index_t steps(index_t parameter) const { return slot(parameter).steps; }
  /// How often it ever was.
  [[nodiscard]] index_t updates(index_t parameter) const { return slot(parameter).updates; }
  void count_step(index_t parameter) noexcept {
    auto& counted = slots_[static_cast<std::size_t>(parameter)];
    ++counted.steps;
    ++counted.updates;
    ++counted.revocable;
  }
  /// Steps counted since the last call of either did not happen, or are final where `happened(parameter)`.
  void revoke_steps() noexcept {
    settle_steps([](index_t /*parameter*/) { return false; });
  }
  template <class Happened>
  void settle_steps(Happened const& happened) {
    for (index_t parameter = 0; parameter < parameters(); ++parameter) {
      auto& each = slots_[static_cast<std::size_t>(parameter)];
      if (each.revocable > 0 && !happened(parameter)) {
        each.steps -= each.revocable;
        each.updates -= each.revocable;
      }
      each.revocable = 0;
    }
  }
  [[nodiscard]] index_t parameters() const { return static_cast<index_t>(slots_.size()); }
  /// Adds the bytes of all state to `held`.
  void add_to(byte_counts& held) const {
    for (auto const& each : slots_) { each.block.add_to(held); }
  }

  /// `steps` and `updates` of all parameters, for a checkpoint.
  [[nodiscard]] std::vector<index_t> step_counts() const { return counts_of(&entry::steps); }
  [[nodiscard]] std::vector<index_t> update_counts() const { return counts_of(&entry::updates); }
  /// Calls `body(state_array)` for the state of all parameters that were updated at least once, for a checkpoint.
  /// @param counts elements by parameter
  template <class Body>
  void for_each_array(std::span<index_t const> counts, Body const& body) const {
    require_equal("optimizer state: number of parameters", static_cast<index_t>(counts.size()), parameters());
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].steps > 0) { layout(counts[i]).for_each(slots_[i].block.data(), prefix(i), body); }
    }
  }
  /// Replaces the whole state: arrays are created for every step count above 0 and `read(state_array)` fills them.
  /// @param update_counts of all parameters, or as the step counts where it is empty
  /// @throws what `read` throws, memory_error, shape_error, value_error; then nothing changed.
  template <class Read>
  void load(std::span<index_t const> step_counts, std::span<index_t const> update_counts,
            std::span<index_t const> counts, Read const& read) {
    if (update_counts.empty()) { update_counts = step_counts; }
    require_equal("optimizer state: number of parameters", static_cast<index_t>(counts.size()), parameters());
    require_equal("optimizer state: number of step counts", static_cast<index_t>(step_counts.size()), parameters());
    require_equal("optimizer state: number of update counts", static_cast<index_t>(update_counts.size()), parameters());
    std::vector<entry> loaded(slots_.size());
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      if (step_counts[i] < 0) {
        raise_mismatch<value_error>("optimizer state: step count", step_counts[i], {"at least 0"});
      }
      if (update_counts[i] < step_counts[i]) {
        raise_mismatch<value_error>("optimizer state: update count", update_counts[i],
                                    {"at least the step count, ", step_counts[i]});
      }
      loaded[i].steps = step_counts[i];
      loaded[i].updates = update_counts[i];
      auto const bytes = layout(counts[i]).bytes();
      if (step_counts[i] == 0 || bytes == 0) { continue; }
      loaded[i].block = block_type(backend_->memory(), bytes, category::optimizer);
      backend_->fill_zero(loaded[i].block.data(), bytes);
    }
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      if (loaded[i].steps > 0) { layout(counts[i]).for_each(loaded[i].block.data(), prefix(i), read); }
    }
    slots_ = std::move(loaded);
  }

 private:
  using block_type = buffer<std::byte, typename Backend::resource_type>;
  struct entry {
    block_type block;
    index_t steps = 0;
    index_t updates = 0;
    index_t revocable = 0;  ///< steps that may still not have happened
  };

  static std::string prefix(std::size_t parameter) { return std::to_string(parameter) + "."; }
  [[nodiscard]] std::vector<index_t> counts_of(index_t entry::*which) const {
    std::vector<index_t> result;
    for (auto const& each : slots_) { result.push_back(each.*which); }
    return result;
  }
  [[nodiscard]] entry& slot(index_t parameter) { return const_cast<entry&>(std::as_const(*this).slot(parameter)); }
  /// @throws value_error for a position that does not exist
  [[nodiscard]] entry const& slot(index_t parameter) const {
    if (parameter < 0 || parameter >= parameters()) {
      raise_mismatch<value_error>("optimizer: parameter", parameter, {"at least 0 and less than ", parameters()});
    }
    return slots_[static_cast<std::size_t>(parameter)];
  }
  std::vector<std::pair<index_t, block_type>> created_for(std::span<parameter_extent const> parameters) {
    std::vector<std::pair<index_t, block_type>> created;
    for (auto const& [index, count] : parameters) {
      auto const bytes = layout(count).bytes();
      if (slot(index).block.size() > 0 || bytes == 0) { continue; }
      created.emplace_back(index, block_type(backend_->memory(), bytes, category::optimizer));
      backend_->fill_zero(created.back().second.data(), bytes);
    }
    return created;
  }

  Backend* backend_;
  Options options_;
  std::vector<entry> slots_;
};

}  // namespace slimfit
