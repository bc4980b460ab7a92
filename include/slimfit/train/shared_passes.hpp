// SPDX-License-Identifier: MIT
// What the passes of a rank have to do with those of the others: agreement before them, the sum of what they come to,
// the exchange of gradients. Of the rank that is alone nothing is left.
#pragma once

#include <vector>

#include <slimfit/backend/device.hpp>
#include <slimfit/communication/batch_share.hpp>
#include <slimfit/communication/single.hpp>
#include <slimfit/train/gradient_exchange.hpp>
#include <slimfit/train/rank_agreement.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

/// What a pass is about to do.
struct pass_purpose {
  active_set const& active;
  step_numbers numbers;
  index_t iteration;
};

template <class Device, scalar T, communicator Communicator>
class shared_passes {
  static_assert(!device_traits<Device>::rehearses && !device_traits<Device>::records,
                "slimfit: trainer<..., Communicator>: training on several ranks needs a backend whose memory is the "
                "host's, e.g. host");

 public:
  using exchange_type = gradient_exchange<Device, T, Communicator>;
  /// Shards that every batch is cut into; 0: ranks have parts.
  static constexpr int shards = Communicator::order_type::shards;

  /// @throws memory_error
  shared_passes(Device& device, Communicator const& ranks, index_t parameters)
      : ranks_(ranks), agreement_(ranks), exchange_(device, ranks, parameters) {}

  /// Calls `arrange()` and `prepare(sequences)` on all ranks, see `rank_agreement::reach`.
  template <class Arrange, class Prepare>
  void prepare(pass_purpose const& purpose, Arrange const& arrange, Prepare const& prepare) {
    exchange_.forget();
    index_t own = 0;
    place_ = agreement_.reach(
        fingerprint(purpose.active, purpose.numbers, purpose.iteration),
        [&] {
          auto const sequences = arrange();
          own = sequences.count();
          return sequences;
        },
        prepare);
    exchange_.set_share(static_cast<double>(own) / static_cast<double>(place_.all));
  }
  /// Makes sure that all ranks are about to make the updates of the parts of a batch.
  void confirm(pass_purpose const& purpose) {
    agreement_.confirm(~fingerprint(purpose.active, purpose.numbers, purpose.iteration));
  }
  /// The shards of the batch that are this rank's, by number of the rank's samples.
  /// @param count() the rank's samples. @throws what it throws, communication_error, shape_error where the samples of
  /// all ranks are not cut as `share_of_rank` does
  template <class Count>
  std::vector<batch_share> own_shards(pass_purpose const& purpose, Count const& count) {
    auto const place = agreement_.reach(
        ~fingerprint(purpose.active, purpose.numbers, purpose.iteration), [&] { return sequence_batch(count(), 1); },
        [](sequence_batch const& /*sequences*/) {});
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
  [[nodiscard]] sequence_batch placed(sequence_batch const& own) const { return shards > 0 ? own : place_.of(own); }
  /// Samples of all ranks, for those of this rank.
  [[nodiscard]] index_t samples(index_t /*own*/) const { return place_.all; }
  /// To be called between forward and backward pass: what the batch came to becomes what that of all did.
  void sum(batch_result& total) { agreement_.sum(total); }
  /// Gradients that are kept become the means over the batch of all ranks.
  void sum(std::span<kept_gradient<T> const> gradients) { exchange_.sum_kept(gradients); }
  /// The same for gradients of several passes, which count by their shares already.
  void sum_counted(std::span<kept_gradient<T> const> gradients) {
    exchange_.set_share(1);
    exchange_.sum_kept(gradients);
  }
  [[nodiscard]] exchange_type& exchange() { return exchange_; }
  void add_to(byte_counts& held) const { exchange_.add_to(held); }

 private:
  Communicator ranks_;
  rank_agreement<Communicator> agreement_;
  exchange_type exchange_;
  batch_place place_;
  index_t all_ = 0;
};

template <class Device, scalar T>
class shared_passes<Device, T, single> {
 public:
  static constexpr int shards = 0;

  constexpr shared_passes(Device& /*device*/, single /*ranks*/, index_t /*parameters*/) {}

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
  constexpr void add_to(byte_counts& /*held*/) const {}
};

}  // namespace slimfit
