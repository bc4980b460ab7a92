// SPDX-License-Identifier: MIT
// The passes of a training step and the memory that they work in: the batch, the arena's block, the counters of clipped
// values.
#pragma once

#include <slimfit/plan/step_peaks.hpp>
#include <slimfit/train/batch_buffers.hpp>
#include <slimfit/train/chosen_parameters.hpp>
#include <slimfit/train/exchanging_updates.hpp>
#include <slimfit/train/rehearsal.hpp>
#include <slimfit/train/saturation.hpp>
#include <slimfit/train/shared_passes.hpp>
#include <slimfit/train/step_report.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

/// @tparam Optimizer    options of the optimizer
/// @tparam Communicator whose ranks have parts of every batch
template <class Model, class Optimizer, class Communicator = single>
class step_passes {
 public:
  using value_type = typename Model::value_type;
  using network_type = typename Model::network_type;
  using label_type = typename network_type::loss_type::label_type;
  using device_type = typename Model::device_type;
  using optimizer_type = typename Optimizer::template optimizer<device_type, value_type>;
  using batch_type = batch_buffers<device_type, network_type>;
  /// Whether gradients of a step are released during its backward pass.
  static constexpr bool releases = Model::policy_type::releases_gradients && !detail::keeps_gradients<Optimizer>;

  using shared_type = shared_passes<device_type, value_type, Communicator,
                                    decltype(detail::slices_of(std::declval<Optimizer const&>()))>;

  step_passes(Model& net, optimizer_type& optimizer, bool count_saturation, Communicator const& ranks = {})
      : net_(&net),
        optimizer_(&optimizer),
        batch_(net.device()),
        saturation_(net.device(), count_saturation ? Model::layout.tensors : 0),
        block_(net.device()),
        shared_(net.device(), ranks, Model::layout.tensors, Model::layout.largest,
                detail::slices_of(optimizer.options())) {}

  [[nodiscard]] Model& net() const { return *net_; }
  [[nodiscard]] optimizer_type& optimizer() const { return *optimizer_; }
  [[nodiscard]] batch_type& batch() { return batch_; }
  [[nodiscard]] arena_block<device_type>& block() { return block_; }
  [[nodiscard]] saturation_counter<device_type>& saturation() { return saturation_; }
  [[nodiscard]] shared_type& shared() { return shared_; }
  [[nodiscard]] shared_type const& shared() const { return shared_; }
  /// The batch where it lies in that of all ranks.
  [[nodiscard]] batch_view<network_type> placed_batch() const {
    auto batch = batch_.view();
    batch.sequences = shared_.placed(batch.sequences);
    return batch;
  }
  /// Samples of the batch, of all ranks.
  [[nodiscard]] index_t samples() const { return shared_.samples(batch_.view().count()); }

  /// Copies a batch that was arranged to the backend. @param numbers that its passes draw by
  /// @throws memory_error
  void load(std::span<label_type const> labels, step_numbers const& numbers) {
    batch_.load(labels);
    batch_.draw_by(numbers);
  }
  /// Makes sure that the next step's memory is there, which is all that it takes. @throws memory_error
  template <class Plan>
  void reserve(Plan const& planned, active_set const& active) {
    auto const needed = planned.needed_by_pass(active);
    block_.reserve(needed.arena);
    net_->device().offload().reserve(needed.offloaded);
    budget_ = needed.used;
  }
  /// Counts clipped values from now on.
  void begin_saturation(step_report& report) {
    report.saturation = saturation_.named(net_->parameters());
    saturation_.reset();
  }
  /// @param gate in the backend's memory: whether there are updates at all; null: there are
  void begin_updates(step_report const& report, std::int32_t* gate) {
    optimizer_->set_learning_rate_factor(report.learning_rate_factor);
    optimizer_->set_gate(gate);
    optimizer_->begin_step();
  }
  /// Enqueues the way back of what the step measured.
  void request_measurements(active_set const& active) {
    saturation_.request();
    shared_.sum_statistics(*net_, *optimizer_, active);
    optimizer_->request_statistics();
    shared_.mark();
  }
  /// Counts peaks from now on. @param kept gradients that outlive the passes
  template <class Gradients>
  void begin_peaks(Gradients const& kept) {
    peaks_.begin(net_->device(), *net_, *optimizer_, batch_, saturation_, kept, shared_);
  }
  [[nodiscard]] memory_usage peaks() const { return peaks_.now(); }

  /// Enqueues forward and backward pass; gradients go to `updates`.
  template <class Updates>
  void run(ledger& counted, Updates& updates, active_set const& active) {
    arena memory(counted, block_.data(), block_.size());
    run_in(memory, updates, active);
  }
  /// Enqueues a step of one pass: forward, backward, updates.
  void run_step(ledger& counted, active_set const& active) {
    if constexpr (releases && Communicator::is_single) {
      releasing_updates<optimizer_type> updates{*optimizer_};
      run(counted, updates, active);
    } else if constexpr (releases) {
      exchanging_updates<optimizer_type, typename shared_type::exchange_type> updates{*optimizer_, shared_.exchange()};
      run(counted, updates, active);
      updates.finish();
    } else {
      arena memory(counted, block_.data(), block_.size());  // gradients stay until it ends
      keeping_updates<optimizer_type, value_type> updates(*optimizer_, Model::layout.tensors);
      run_in(memory, updates, active);
      shared_.sum(updates.gradients());
      updates.apply_all();
    }
    coast_frozen(*net_, *optimizer_, active);
    shared_.share_weights(*net_, *optimizer_, active);
  }

 private:
  template <class Updates>
  void run_in(arena& memory, Updates& updates, active_set const& active) {
    // Seed and iteration are in the backend's memory alone.
    context<device_type, Updates> training{net_->device(), memory, updates, active, true};
    training.saturation = saturation_.table();
    training.drops = true;
    training.numbers = batch_.view().numbers;
    training.budget = budget_;
    auto const batch = placed_batch();
    training_pass(net_->network(), training, batch, [&] {
      memory.book().forward_ended();
      shared_.sum(*batch.total);
    });
  }

  Model* net_;
  optimizer_type* optimizer_;
  batch_type batch_;
  saturation_counter<device_type> saturation_;
  arena_block<device_type> block_;
  step_peaks peaks_;
  index_t budget_ = 0;  ///< of the next step, whatever the block has for larger ones
  [[no_unique_address]] shared_type shared_;
};

}  // namespace slimfit
