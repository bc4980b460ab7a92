// SPDX-License-Identifier: MIT
// A schedule that is chosen when the program runs, e.g. from a command line, so that a trainer is compiled once for
// all.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/freezing/active_count.hpp>
#include <slimfit/freezing/criterion.hpp>
#include <slimfit/freezing/schedule.hpp>

namespace slimfit::freezing {

/// The state of any schedule; copies are independent.
class any_schedule_state {
 public:
  template <class State>
  requires(!std::same_as<std::remove_cvref_t<State>, any_schedule_state>) explicit any_schedule_state(State state)
      : held_(std::make_unique<holder<State>>(std::move(state))) {}
  any_schedule_state(any_schedule_state const& other) : held_(other.held_->copy()) {}
  any_schedule_state(any_schedule_state&&) noexcept = default;
  any_schedule_state& operator=(any_schedule_state const& other) { return *this = any_schedule_state(other); }
  any_schedule_state& operator=(any_schedule_state&&) noexcept = default;
  ~any_schedule_state() = default;

  /// As those of schedule_state.
  active_set choose(index_t iteration) { return held_->choose(iteration); }
  void observe(index_t unit, unit_statistics const& statistics) { held_->observe(unit, statistics); }
  void raise_distances(double times) { held_->raise_distances(times); }
  [[nodiscard]] index_t units() const { return held_->units(); }
  [[nodiscard]] active_set const& current() const { return held_->current(); }
  [[nodiscard]] std::span<unit_record const> records() const { return held_->records(); }
  [[nodiscard]] std::vector<double> save_state() const { return held_->save_state(); }
  void load_state(std::span<double const> numbers) { held_->load_state(numbers); }

 private:
  struct base {
    virtual ~base() = default;
    virtual std::unique_ptr<base> copy() const = 0;
    virtual active_set choose(index_t iteration) = 0;
    virtual void observe(index_t unit, unit_statistics const& statistics) = 0;
    virtual void raise_distances(double times) = 0;
    virtual index_t units() const = 0;
    virtual active_set const& current() const = 0;
    virtual std::span<unit_record const> records() const = 0;
    virtual std::vector<double> save_state() const = 0;
    virtual void load_state(std::span<double const> numbers) = 0;
  };
  template <class State>
  struct holder final : base {
    explicit holder(State given) : state(std::move(given)) {}
    std::unique_ptr<base> copy() const override { return std::make_unique<holder>(state); }
    active_set choose(index_t iteration) override { return state.choose(iteration); }
    void observe(index_t unit, unit_statistics const& statistics) override { state.observe(unit, statistics); }
    void raise_distances(double times) override {
      if constexpr (requires { state.raise_distances(times); }) { state.raise_distances(times); }
    }
    index_t units() const override { return state.units(); }
    active_set const& current() const override { return state.current(); }
    std::span<unit_record const> records() const override { return state.records(); }
    std::vector<double> save_state() const override { return state.save_state(); }
    void load_state(std::span<double const> numbers) override { state.load_state(numbers); }
    State state;
  };

  std::unique_ptr<base> held_;
};

/// Holds a schedule of any type. A memory plan that is given the type alone must expect every choice; `trainer::plan`
/// knows the one that is held.
class any_schedule {
 public:
  template <freezing_schedule Schedule>
  requires(!std::same_as<Schedule, any_schedule>) explicit any_schedule(Schedule schedule)
      : held_(std::make_shared<holder<Schedule>>(std::move(schedule))) {}

  [[nodiscard]] any_schedule_state make_state(index_t units, std::uint64_t seed) const {
    return held_->make_state(units, seed);
  }
  /// Of the schedule that is held.
  [[nodiscard]] active_count active_units(index_t units) const { return held_->active_units(units); }

 private:
  struct base {
    virtual ~base() = default;
    virtual any_schedule_state make_state(index_t units, std::uint64_t seed) const = 0;
    virtual active_count active_units(index_t units) const = 0;
  };
  template <class Schedule>
  struct holder final : base {
    explicit holder(Schedule given) : schedule(std::move(given)) {}
    any_schedule_state make_state(index_t units, std::uint64_t seed) const override {
      return any_schedule_state(schedule.make_state(units, seed));
    }
    active_count active_units(index_t units) const override { return freezing::active_units(schedule, units); }
    Schedule schedule;
  };

  std::shared_ptr<base const> held_;
};

}  // namespace slimfit::freezing
