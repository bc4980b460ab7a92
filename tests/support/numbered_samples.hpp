// SPDX-License-Identifier: MIT
// Samples by number: every rank can make its part of a batch, and the whole of it.
#pragma once

#include <random>
#include <vector>

#include <slimfit/communication/batch_share.hpp>

namespace slimfit::testing {

template <class Network>
struct samples {
  using input_type = typename Network::input_type;
  using label_type = typename Network::loss_type::label_type;
  std::vector<input_type> inputs;
  std::vector<label_type> labels;

  /// Samples of a batch, of which the numbers depend on the batch's number and the sample's alone.
  samples(unsigned batch, batch_share const& share) {
    for (index_t i = share.first; i < share.first + share.count; ++i) { add(batch, static_cast<unsigned>(i)); }
  }

 private:
  void add(unsigned batch, unsigned sample) {
    std::mt19937 random(1000 * batch + sample);
    if constexpr (std::is_same_v<input_type, std::int32_t>) {
      auto const half = static_cast<unsigned>(Network::inputs / 2);
      auto const length = 2 + random() % (half - 1);
      for (unsigned i = 0; i < half; ++i) {
        inputs.push_back(i < length ? static_cast<std::int32_t>(1 + random() % 49) : 0);
      }
      for (unsigned i = 0; i < half; ++i) { inputs.push_back(i < length ? static_cast<std::int32_t>(i > 1) : 0); }
    } else {
      std::normal_distribution<double> normal;
      for (index_t i = 0; i < Network::inputs; ++i) {
        inputs.push_back(input_type(static_cast<float>(normal(random))));
      }
    }
    labels.push_back(static_cast<label_type>(random() % 3));
  }
};

}  // namespace slimfit::testing
