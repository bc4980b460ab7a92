// SPDX-License-Identifier: MIT
// What the passes of a rank have to do with those of the others: agreement before them, the sum of what they come to,
// the exchange of gradients. Of the rank that is alone nothing is left.
#pragma once

#include <vector>

#include <slimfit/backend/device.hpp>
#include <slimfit/communication/batch_share.hpp>
#include <slimfit/communication/single.hpp>
#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/train/gradient_exchange.hpp>
#include <slimfit/train/rank_agreement.hpp>
#include <slimfit/train/rank_messages.hpp>
#include <slimfit/train/state_sharing.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

namespace detail {
/// Whether ranks can send what lies in a backend's memory.
template <class Communicator, class Device>
inline constexpr bool reaches = !device_traits<Device>::rehearses && !device_traits<Device>::records;
template <device_communicator Communicator, class Device>
inline constexpr bool reaches<Communicator, Device> = std::is_same_v<typename Communicator::device_type, Device>;
}  // namespace detail

/// @tparam Slices of the optimizer's state
template <class Device, scalar T, communicator Communicator, class Slices = whole_state>
class shared_passes {
  static_assert(detail::reaches<Communicator, Device>,
                "slimfit: trainer<..., Communicator>: the communicator cannot send what lies in the backend's memory, "
                "expected e.g. mpi<> with host, nccl<> with cuda");

 public:
  using exchange_type = gradient_exchange<Device, T, Communicator>;
  /// Shards that every batch is cut into; 0: ranks have parts.
  static constexpr int shards = Communicator::order_type::shards;

  /// @param largest elements of the largest parameter
  /// @throws memory_error
  shared_passes(Device& device, Communicator const& ranks, index_t parameters, index_t largest,
                Slices const& slices = {})
      : device_(&device),
        ranks_(ranks),
        exchange_(device, ranks, parameters, largest),
        agreement_(messages_type(device, ranks, exchange_.staging())),
        sharing_(device, ranks, slices, parameters) {}

  /// Calls `arrange()` and `prepare(sequences)` on all ranks, see `rank_agreement::reach`.
  template <class Arrange, class Prepare>
  void prepare(pass_purpose const& purpose, Arrange const& arrange, Prepare const& prepare) {
    sharing_.require_equality();
    exchange_.forget();
    sequence_batch own;
    place_ = agreement_.reach(
        fingerprint(purpose), [&] { return own = arrange(); },
        [&](batch_place const& place) { prepare(placed(own, place)); });
    exchange_.set_share(static_cast<double>(own.count()) / static_cast<double>(place_.all));
  }
  /// Makes sure that all ranks are about to make the updates of the parts of a batch.
  void confirm(pass_purpose const& purpose) { agreement_.confirm(~fingerprint(purpose)); }
  /// The shards of the batch that are this rank's, by number of the rank's samples.
  /// @param count() the rank's samples. @throws what it throws, communication_error, shape_error where the samples of
  /// all ranks are not cut as `share_of_rank` does
  template <class Count>
  std::vector<batch_share> own_shards(pass_purpose const& purpose, Count const& count) {
    auto const place = agreement_.reach(
        ~fingerprint(purpose), [&] { return sequence_batch(count(), 1); }, [](batch_place const& /*place*/) {});
    all_ = place.all;
    std::vector<batch_share> own;
    for (index_t i = first_shard(); i < first_shard() + passes(); ++i) {
      auto const shard = share_of_batch(all_, i, shards);
      own.push_back({shard.first - place.samples, shard.count});
    }
    agreement_.require_parts(share_of_rank<typename Communicator::order_type>(all_, ranks_.rank(), ranks_.size()),
                             place.samples, all_ >= shards);
    return own;
  }
  /// Passes of a step.
  [[nodiscard]] int passes() const { return shards / ranks_.size(); }
  [[nodiscard]] index_t first_shard() const { return index_t{passes()} * ranks_.rank(); }
  /// What part `own` of the rank's is in all: a shard has its number on whatever rank.
  [[nodiscard]] index_t part_number(index_t own) const { return shards > 0 ? first_shard() + own : own; }
  /// Samples of all shards.
  [[nodiscard]] index_t all_samples() const { return all_; }
  /// The sequences of the rank's samples where they lie in the batch of all; a shard has random numbers of its own.
  [[nodiscard]] sequence_batch placed(sequence_batch const& own) const { return placed(own, place_); }
  /// Samples of all ranks, for those of this rank.
  [[nodiscard]] index_t samples(index_t /*own*/) const { return place_.all; }
  /// To be called between forward and backward pass: what the batch came to becomes what that of all did.
  /// @param total in the backend's memory
  void sum(batch_result& total) {
    auto const count = static_cast<std::size_t>(ranks_.size());
    std::span const all(reinterpret_cast<kernels::rank_result*>(exchange_.staging().data()), count + 1);
    device_->launch(1, kernels::send_result{&total, &all.back()});
    ranks_.gather(std::as_bytes(all.last(1)), std::as_writable_bytes(all.first(count)));
    device_->launch(1, kernels::add_results{all.data(), ranks_.size(), &total});
  }
  /// Gradients that are kept become the means over the batch of all ranks.
  void sum(std::span<kept_gradient<T> const> gradients) { exchange_.sum_kept(gradients); }
  /// The same for gradients of several passes, which count by their shares already.
  void sum_counted(std::span<kept_gradient<T> const> gradients) {
    exchange_.set_share(1);
    exchange_.sum_kept(gradients);
  }
  [[nodiscard]] exchange_type& exchange() { return exchange_; }
  /// To be called after the updates of a step.
  template <class Model, class Optimizer>
  void share_weights(Model const& net, Optimizer const& optimizer, active_set const& active) {
    sharing_.share_weights(net, optimizer, active);
  }
  /// To be called after that, before what the updates measured is read.
  template <class Model, class Optimizer>
  void sum_statistics(Model const& net, Optimizer& optimizer, active_set const& active) {
    sharing_.sum_statistics(net, optimizer, active, exchange_.staging());
  }
  /// An array of the optimizer's state, all of it. All ranks call it.
  template <class C>
  void gather(state_array<C> const& slice, C* whole) {
    sharing_.gather(slice, whole, exchange_.staging());
  }
  /// Updates may have failed in some slices, or all ranks have the same again.
  void note_difference() { sharing_.note_difference(); }
  void note_equality() { sharing_.note_equality(); }
  [[nodiscard]] bool is_first() const { return ranks_.rank() == 0; }
  /// What was enqueued last is what `wait` waits for.
  void mark() {
    if constexpr (device_communicator<Communicator>) { ranks_.mark(); }
  }
  /// @throws communication_error where other ranks do not do their part of it
  void wait() {
    if constexpr (device_communicator<Communicator>) { ranks_.wait(); }
  }
  /// Calls `enqueue()`, which is recorded.
  template <class Enqueue>
  void record(Enqueue const& enqueue) {
    auto const before = ranks_.counted();
    enqueue();
    recorded_ = ranks_.counted() - before;
    recorded_.waited = 0;
  }
  /// What was recorded runs again.
  void repeat() {
    if constexpr (device_communicator<Communicator>) { ranks_.count(recorded_); }
  }
  void add_to(byte_counts& held) const {
    exchange_.add_to(held);
    sharing_.add_to(held);
  }

 private:
  using messages_type = rank_messages<Device, Communicator>;

  /// Shards are planned and run as batches of their own.
  static sequence_batch placed(sequence_batch const& own, batch_place const& place) {
    return shards > 0 ? own : place.of(own);
  }

  Device* device_;
  Communicator ranks_;
  exchange_type exchange_;
  rank_agreement<messages_type> agreement_;
  [[no_unique_address]] state_sharing<Device, Communicator, Slices> sharing_;
  traffic recorded_;  ///< by a step
  batch_place place_;
  index_t all_ = 0;
};

template <class Device, scalar T, class Slices>
class shared_passes<Device, T, single, Slices> {
 public:
  static constexpr int shards = 0;

  constexpr shared_passes(Device& /*device*/, single /*ranks*/, index_t /*parameters*/, index_t /*largest*/,
                          Slices const& /*slices*/ = {}) {}

  template <class Arrange, class Prepare>
  constexpr void prepare(pass_purpose const& /*purpose*/, Arrange const& arrange, Prepare const& prepare) {
    prepare(arrange());
  }
  constexpr void confirm(pass_purpose const& /*purpose*/) {}
  [[nodiscard]] constexpr index_t part_number(index_t own) const { return own; }
  [[nodiscard]] constexpr sequence_batch const& placed(sequence_batch const& own) const { return own; }
  [[nodiscard]] constexpr index_t samples(index_t own) const { return own; }
  constexpr void sum(batch_result& /*total*/) {}
  constexpr void sum(std::span<kept_gradient<T> const> /*gradients*/) {}
  constexpr void sum_counted(std::span<kept_gradient<T> const> /*gradients*/) {}
  template <class Model, class Optimizer>
  constexpr void share_weights(Model const& /*net*/, Optimizer const& /*optimizer*/, active_set const& /*active*/) {}
  template <class Model, class Optimizer>
  constexpr void sum_statistics(Model const& /*net*/, Optimizer& /*optimizer*/, active_set const& /*active*/) {}
  template <class C>
  constexpr void gather(state_array<C> const& /*slice*/, C* /*whole*/) {}  // slices are whole
  constexpr void note_difference() {}
  constexpr void note_equality() {}
  [[nodiscard]] constexpr bool is_first() const { return true; }
  constexpr void mark() {}
  constexpr void wait() {}
  template <class Enqueue>
  constexpr void record(Enqueue const& enqueue) {
    enqueue();
  }
  constexpr void repeat() {}
  constexpr void add_to(byte_counts& /*held*/) const {}
};

}  // namespace slimfit
