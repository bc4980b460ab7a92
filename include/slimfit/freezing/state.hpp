// SPDX-License-Identifier: MIT
// What a schedule knows while a model trains: each unit's last statistics and the current choice. It is a value: a
// trainer works on a copy during a step and keeps the copy when the step succeeded.
#pragma once

#include <cmath>
#include <vector>

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// @tparam Schedule has `select(choice_context)`, `can_be_active(unit, units)` and `options`
template <class Schedule>
class schedule_state {
 public:
  /// @throws value_error when `units` is not in [0, active_set::capacity].
  schedule_state(Schedule schedule, index_t units, std::uint64_t seed) : schedule_(std::move(schedule)), seed_(seed) {
    if (units < 0 || units > active_set::capacity) {
      raise_mismatch<value_error>("number of units", units, {"0 to ", active_set::capacity});
    }
    records_.resize(static_cast<std::size_t>(units));
  }

  /// The active units of `iteration`. Iterations count from 0 and are asked for once each, in order.
  /// @throws value_error for a negative one
  active_set choose(index_t iteration) {
    require_at_least("freezing schedule: iteration", iteration, index_t{0});
    constexpr index_t warm_up = Schedule::options::warm_up_iterations;
    constexpr index_t hold = Schedule::options::hold_iterations > 0 ? Schedule::options::hold_iterations : 1;
    if (iteration < warm_up) {
      current_ = {};
      for (index_t unit = 0; unit < units(); ++unit) { current_.set(unit, Schedule::can_be_active(unit, units())); }
    } else if (choices_ == 0 || (iteration - warm_up) % hold == 0) {
      current_ = schedule_.select({records_, iteration, choices_, seed_});
    } else {
      return current_;
    }
    for (index_t unit = 0; unit < units(); ++unit) {
      if (current_.test(unit)) { records_[static_cast<std::size_t>(unit)].last_active = choices_; }
    }
    ++choices_;
    return current_;
  }

  /// Notes what an update of `unit` measured.
  /// @throws value_error when there is no such unit.
  void observe(index_t unit, unit_statistics const& statistics) {
    if (unit < 0 || unit >= units()) {
      raise_mismatch<value_error>("unit", unit, {"at least 0 and less than ", units()});
    }
    auto& record = records_[static_cast<std::size_t>(unit)];
    record.last = statistics;
    record.measured = true;
  }

  /// Multiplies the distances measured so far. A learning rate that rises above all before makes distances that grow
  /// with it: those of units measured at its start could not be compared, and the units would stay frozen for good.
  void raise_distances(double times) {
    for (auto& record : records_) { record.last.relative_update *= times; }
  }

  [[nodiscard]] index_t units() const { return static_cast<index_t>(records_.size()); }
  /// The last choice.
  [[nodiscard]] active_set const& current() const { return current_; }
  /// One per unit, for reports.
  [[nodiscard]] std::span<unit_record const> records() const { return records_; }

  /// Everything that changes, as numbers for a checkpoint: units, choices, the seed's halves, then per unit its
  /// statistics, whether measured, its last active choice and whether active now.
  [[nodiscard]] std::vector<double> save_state() const {
    std::vector<double> numbers{static_cast<double>(units()), static_cast<double>(choices_),
                                static_cast<double>(seed_ >> 32U), static_cast<double>(seed_ & 0xFFFFFFFFU)};
    for (index_t unit = 0; unit < units(); ++unit) {
      auto const& record = records_[static_cast<std::size_t>(unit)];
      for (double const field : {record.last.relative_update, record.last.gradient_norm, record.measured ? 1.0 : 0.0,
                                 static_cast<double>(record.last_active), current_.test(unit) ? 1.0 : 0.0}) {
        numbers.push_back(field);
      }
    }
    return numbers;
  }

  /// Continues from `save_state()`: all later choices are the same, bit for bit.
  /// @throws shape_error for another number of units, value_error for numbers that no state has; nothing changes then.
  void load_state(std::span<double const> numbers) {
    require_equal("freezing state: count of numbers", static_cast<index_t>(numbers.size()), 4 + 5 * units());
    require_equal("freezing state: number of units", whole(numbers[0], 0, active_set::capacity), units());
    auto const choices = whole(numbers[1], 0, largest_whole);
    auto const seed = (static_cast<std::uint64_t>(whole(numbers[2], 0, 0xFFFFFFFF)) << 32U) |
                      static_cast<std::uint64_t>(whole(numbers[3], 0, 0xFFFFFFFF));
    auto records = records_;
    active_set current;
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto const fields = numbers.subspan(4 + 5 * i, 5);
      records[i] = {
          {measure(fields[0]), measure(fields[1])}, whole(fields[2], 0, 1) != 0, whole(fields[3], -1, choices - 1)};
      current.set(static_cast<index_t>(i), whole(fields[4], 0, 1) != 0);
    }
    records_ = std::move(records);
    current_ = current;
    choices_ = choices;
    seed_ = seed;
  }

 private:
  static constexpr index_t largest_whole = index_t{1} << 53;  // doubles hold every whole number up to here

  static double measure(double number) {
    if (!(std::isfinite(number) && number >= 0)) {
      raise_mismatch<value_error>("freezing state: statistic of a unit", number, {"a finite number, at least 0"});
    }
    return number;
  }
  static index_t whole(double number, index_t least, index_t most) {
    if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) ||
        std::floor(number) != number) {
      raise_mismatch<value_error>("freezing state: number", number, {"a whole number from ", least, " to ", most});
    }
    return static_cast<index_t>(number);
  }

  Schedule schedule_;
  std::vector<unit_record> records_;
  active_set current_;
  index_t choices_ = 0;
  std::uint64_t seed_;
};

}  // namespace slimfit::freezing
