// SPDX-License-Identifier: MIT
// The ledger counts every byte at run time: current and peak, per category and in total. Plans drive the same class at
// compile time, which is why it is constexpr.
#pragma once

#include <vector>

#include <slimfit/memory/usage.hpp>

namespace slimfit {

class ledger {
 public:
  constexpr void add(category which, index_t bytes) {
    if (bytes == 0) { return; }
    now_[which] += bytes;
    note(which);
  }
  constexpr void remove(category which, index_t bytes) {
    if (bytes == 0) { return; }
    now_[which] -= bytes;
    if (timeline_ != nullptr) { timeline_->push_back(now_); }
  }
  /// Called where a forward pass ends: what the tape holds now is what was stored.
  constexpr void forward_ended() { peaks_.stored = std::max(peaks_.stored, now_.stored()); }

  [[nodiscard]] constexpr byte_counts const& now() const { return now_; }
  [[nodiscard]] constexpr memory_usage const& peaks() const { return peaks_; }
  /// Starts new peaks at the current values.
  constexpr void reset_peaks() {
    peaks_ = {};
    peaks_.peak_by_category = now_;
    note_sums();
  }
  /// Appends the bytes in use to `samples` after every change from now on; null stops that.
  constexpr void record_timeline(std::vector<byte_counts>* samples) { timeline_ = samples; }

 private:
  // Few steps, because compilers limit how many a constant expression may take, and a plan comes here for every
  // allocation of a training step.
  constexpr void note(category raised) {
    peaks_.peak_by_category[raised] = std::max(peaks_.peak_by_category[raised], now_[raised]);
    note_sums();
    if (timeline_ != nullptr) { timeline_->push_back(now_); }
  }
  constexpr void note_sums() {
    index_t const temporary = now_.temporary();
    index_t const activations = now_.stored() + temporary;
    index_t const total = activations + now_[category::weights] + now_[category::optimizer] + now_[category::data];
    peaks_.temporary = std::max(peaks_.temporary, temporary);
    peaks_.activations = std::max(peaks_.activations, activations);
    peaks_.total = std::max(peaks_.total, total);
  }

  byte_counts now_;
  memory_usage peaks_;
  std::vector<byte_counts>* timeline_ = nullptr;
};

}  // namespace slimfit
