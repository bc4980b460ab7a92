// SPDX-License-Identifier: MIT
// Layers in a program's own training loop: a module owns the weights of one layer, block or stack, and does its forward
// pass, its backward pass and its updates on the program's stream. Which weights are updated follows a schedule; what
// is kept between the passes is what the layer's policy says, in one block of memory whose size is planned.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <slimfit/freezing/never.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/train/batch_buffers.hpp>
#include <slimfit/train/chosen_parameters.hpp>
#include <slimfit/train/measured_units.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

/// How a module is set up.
struct module_options {
  std::uint64_t seed = 0;  ///< of the weights' start, the schedule, dropout and stochastic rounding
  bool drops = true;       ///< whether dropout takes place in training
};

/// One step is `forward`, then `backward`. Nothing waits for the device but the forward pass, for what the step before
/// measured.
/// @tparam Layer     see layers/layer.hpp
/// @tparam Device    a backend, e.g. `host` or `cuda`; modules on one device share its stream and its ledger
/// @tparam Optimizer options of an optimizer that takes gradients one by one, e.g. `adamw`
/// @tparam Schedule  which units are updated
template <layer Layer, class Device, class Optimizer = adamw, class Schedule = freezing::never>
class module {
  static_assert(!detail::keeps_gradients<Optimizer>,
                "slimfit: module: Optimizer must take gradients one by one; clip_global_norm needs all at once");
  using network_type = layer_network<Layer>;

 public:
  using layer_type = Layer;
  using value_type = typename Layer::value_type;
  using optimizer_type = typename Optimizer::template optimizer<Device, value_type>;
  using model_type = model<network_type, Device>;
  static constexpr int units = model_type::units;

  /// Makes the weights: normal with standard deviation 0.02, biases 0, normalisation weights 1; `parameters` has them.
  /// @throws memory_error, value_error
  explicit module(Device& device, Optimizer options = {}, module_options settings = {}, Schedule schedule = {})
      : net_(device, settings.seed),
        settings_(settings),
        optimizer_(device, options, model_type::layout.tensors, model_type::layout.largest),
        schedule_(schedule.make_state(units, settings.seed)),
        block_(device) {
    optimizer_.set_seed(settings.seed);
    for (auto const& [name, each] : net_.parameters()) { optimizer_.set_role(each.position, role_of(each)); }
  }

  /// Overwrites the output. @throws memory_error, what `finish` throws for the step before, what the layer throws;
  /// usage_error when the backward pass of the one before is missing
  void forward(sequence_batch const& batch, forward_operands<value_type> const& in,
               forward_results<value_type> const& out) {
    auto const alone = device().memory().use();
    if (pass_) { throw usage_error("slimfit: module: forward() follows forward(); backward() is missing"); }
    finish();
    auto next = schedule_;
    double const factor = optimizer_.learning_rate_factor();
    if (largest_factor_ > 0) { detail::raise_distances(next, factor / largest_factor_); }
    auto const active = next.choose(iteration_);
    index_t const needed = needed_by(layer(), batch, active, true, out.live);
    block_.reserve(needed);
    prepare_moments(net_, optimizer_, active);
    pass_.emplace(*this, active);
    pass_->run.budget = needed;
    try {
      pass_->kept.emplace(layer().forward(pass_->run, batch, in, out));
    } catch (...) {
      pass_.reset();
      throw;
    }
    device().memory().book().forward_ended();
    stored_ = pass_->memory.tape_bytes();
    schedule_ = std::move(next);
    active_ = active;
    largest_factor_ = std::max(largest_factor_, factor);
  }
  /// The same for `rows` rows that do not see each other.
  void forward(index_t rows, forward_operands<value_type> const& in, forward_results<value_type> const& out) {
    forward(sequence_batch(rows, 1), in, out);
  }
  /// Overwrites the input's gradient, and updates each active weight when its gradient is complete.
  /// @throws usage_error when there was no forward pass. Where the device fails, weights whose gradients were complete
  /// have been updated
  void backward(backward_operands<value_type> const& above, backward_results<value_type> const& below) {
    auto const alone = device().memory().use();
    if (!pass_) { throw usage_error("slimfit: module: backward() needs a forward() before it"); }
    struct end_of_pass {
      std::optional<pass>& each;
      ~end_of_pass() { each.reset(); }
    } const last{pass_};
    optimizer_.begin_step();
    layer().backward(pass_->run, *pass_->kept, above, below);
    coast_frozen(net_, optimizer_, pass_->run.active);
    optimizer_.request_statistics();
    most_ = pass_->memory.high_water();
    is_updating_ = true;
    ++iteration_;
  }
  /// Waits for the updates of the last backward pass, which the next forward pass does otherwise.
  /// @throws value_error when a gradient or an update was not finite: of the parameter that is named, and those after
  /// it in the backward pass, nothing was changed that would not be finite
  void finish() {
    auto const alone = device().memory().use();
    if (!std::exchange(is_updating_, false)) { return; }
    optimizer_.collect_statistics();
    if (auto const failed = optimizer_.settle_steps(); failed >= 0) {
      raise_mismatch<value_error>(joined({"gradient of ", net_.parameters()[static_cast<std::size_t>(failed)].name}),
                                  optimizer_.squared_gradient(failed),
                                  {"a finite sum of squares and a finite update: the loss has diverged"});
    }
    detail::observe_units(schedule_, active_, net_, optimizer_);
  }
  /// A forward pass that no backward pass follows: nothing is kept, nothing dropped.
  void infer(sequence_batch const& batch, forward_operands<value_type> const& in,
             forward_results<value_type> const& out) {
    auto const alone = device().memory().use();
    if (pass_) { throw usage_error("slimfit: module: infer() between forward() and backward()"); }
    block_.reserve(needed_by(layer(), batch, active_set::none(), false, out.live));
    pass inference(*this, active_set::none(), false);
    static_cast<void>(layer().forward(inference.run, batch, in, out));
  }

  /// Bytes of activations and temporary memory of one step with `active` units, e.g. `active_set::all(units)`.
  [[nodiscard]] static constexpr index_t plan(sequence_batch const& batch, active_set const& active) {
    network_type network;
    bind_parameters(network, nullptr, bias_updates::always);
    return needed_by(network.layer, batch, active, true, live_rows::all);
  }
  /// What the last step took of that: what `plan` says for the units that were active.
  [[nodiscard]] index_t measured() const { return most_; }
  /// Units of the last forward pass: those that its step updates.
  [[nodiscard]] active_set const& active() const { return active_; }
  /// Bytes that the last forward pass left for the backward pass.
  [[nodiscard]] index_t stored() const { return stored_; }

  /// Factor on the learning rate from the next step on. Distances that were measured with a smaller one rise with it,
  /// or a warm-up would keep units frozen that it measured early. @throws value_error
  void set_learning_rate_factor(double factor) { optimizer_.set_learning_rate_factor(factor); }
  /// All trainable tensors by name, whose data lie in the device's memory.
  [[nodiscard]] std::vector<named_parameter<value_type>> const& parameters() const { return net_.parameters(); }
  [[nodiscard]] Device& device() const { return net_.device(); }
  [[nodiscard]] index_t iteration() const { return iteration_; }
  [[nodiscard]] model_type& net() { return net_; }
  [[nodiscard]] optimizer_type& optimizer() { return optimizer_; }

 private:
  using updates_type = releasing_updates<optimizer_type>;

  /// What lives from a forward to its backward pass.
  struct pass {
    pass(module& owner, active_set const& active, bool training = true)
        : memory(owner.device().memory().book(), owner.block_.data(), owner.block_.size()),
          updates{owner.optimizer_},
          run{owner.device(),
              memory,
              updates,
              active,
              training,
              owner.settings_.seed,
              static_cast<std::uint32_t>(owner.iteration_),
              {},
              training && owner.settings_.drops} {}
    pass(pass const&) = delete;
    pass& operator=(pass const&) = delete;

    arena memory;
    updates_type updates;
    context<Device, updates_type> run;
    std::optional<typename Layer::kept_type> kept;
  };

  [[nodiscard]] Layer const& layer() const { return net_.network().layer; }
  static constexpr index_t needed_by(Layer const& layer, sequence_batch const& batch, active_set const& active,
                                     bool training, live_rows live) {
    using counting_type = counting<Device>;
    using counted = counted_updates<true, updates_type::takes_parts>;
    ledger book;
    arena memory(book);
    counting_type device;
    counted updates;
    context<counting_type, counted> run{device, memory, updates, active, training, 0, 0, {}, true};
    auto const kept = layer.forward(run, batch, {}, {.live = live});
    if (training) { layer.backward(run, kept, {}, {}); }
    return memory.high_water();
  }

  model_type net_;
  module_options settings_;
  optimizer_type optimizer_;
  decltype(std::declval<Schedule const&>().make_state(0, 0)) schedule_;
  arena_block<Device> block_;
  std::optional<pass> pass_;
  active_set active_;
  bool is_updating_ = false;  ///< whether updates are under way that `finish` waits for
  index_t iteration_ = 0;
  double largest_factor_ = 0;  ///< on the learning rate, of the steps so far
  index_t stored_ = 0;
  index_t most_ = 0;
};

}  // namespace slimfit
