// SPDX-License-Identifier: MIT
// The ledger counts every byte at run time: current and peak, per category and in total. Plans drive the same class at
// compile time, which is why it is constexpr.
#pragma once

#include <slimfit/memory/observer.hpp>
#include <slimfit/memory/usage.hpp>

namespace slimfit {

class ledger {
 public:
  constexpr void add(category which, index_t bytes) {
    if (bytes == 0) { return; }
    now_[which] += bytes;
    note(which);
    if (observer_ != nullptr) { tell(which, bytes); }
  }
  constexpr void remove(category which, index_t bytes) {
    if (bytes == 0) { return; }
    now_[which] -= bytes;
    if (observer_ != nullptr) { tell(which, -bytes); }
  }
  /// Counts bytes in the host's memory that a step would otherwise have in the device's. Negative: they are free again.
  constexpr void offload(index_t bytes) {
    offloaded_ += bytes;
    peaks_.offloaded = std::max(peaks_.offloaded, offloaded_);
  }
  /// Called where a forward pass ends: what the tape holds now is what was stored.
  constexpr void forward_ended() {
    peaks_.stored = std::max(peaks_.stored, now_.stored());
    if (observer_ != nullptr) { tell_forward_ended(); }
  }

  [[nodiscard]] constexpr byte_counts const& now() const { return now_; }
  [[nodiscard]] constexpr memory_usage const& peaks() const { return peaks_; }
  /// Starts new peaks at the current values.
  constexpr void reset_peaks() {
    peaks_ = {};
    peaks_.peak_by_category = now_;
    peaks_.offloaded = offloaded_;
    note_sums();
  }
  /// Tells `observer`, which is started anew, of every change from now on; null stops that.
  constexpr void record(memory_observer* observer) {
    observer_ = observer;
    if (observer_ != nullptr) { tell_start(); }
  }
  /// Who is told of changes, or null.
  [[nodiscard]] constexpr memory_observer* record() const { return observer_; }

 private:
  SLIMFIT_COLD constexpr void tell(category which, index_t bytes) { observer_->change(which, bytes); }
  SLIMFIT_COLD constexpr void tell_forward_ended() { observer_->forward_ended(); }
  SLIMFIT_COLD constexpr void tell_start() { observer_->start(now_); }

  // Few steps, because compilers limit how many a constant expression may take, and a plan comes here for every
  // allocation of a training step.
  constexpr void note(category raised) {
    index_t& peak = peaks_.peak_by_category[raised];
    index_t const now = now_[raised];
    if (now > peak) { peak = now; }
    note_sums();
  }
  constexpr void note_sums() {
    index_t const temporary = now_.temporary();
    index_t const activations = now_.stored() + temporary;
    index_t const total = activations + now_[category::weights] + now_[category::optimizer] + now_[category::data];
    if (temporary > peaks_.temporary) { peaks_.temporary = temporary; }
    if (activations > peaks_.activations) { peaks_.activations = activations; }
    if (total > peaks_.total) { peaks_.total = total; }
  }

  byte_counts now_;
  index_t offloaded_ = 0;
  memory_usage peaks_;
  memory_observer* observer_ = nullptr;
};

}  // namespace slimfit
