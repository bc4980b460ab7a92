// SPDX-License-Identifier: MIT
// What data-parallel training would send and compute on many devices: bytes are counted from the model's parameters,
// and seconds are modelled from them. Nothing here is measured.
#pragma once

#include <cmath>
#include <slimfit/backend/counting.hpp>
#include <slimfit/freezing/rate.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/plan/across_ranks.hpp>

namespace examples {

using slimfit::index_t;

/// A device and what joins it with the others, as the model has them.
struct modelled_machine {
  double rate = 989e12;       ///< products in bf16, floating-point operations per second: an H100's, dense
  double used = 0.4;          ///< the share of it that a step has
  double hop_seconds = 5e-6;  ///< between two devices, whatever is sent
};

/// A step of one device. Averages over steps in which all units are active equally often.
struct modelled_step {
  double parameters = 0;
  double sums = 0;     ///< over all devices
  double bytes = 0;    ///< of the numbers that are summed, in float
  double seconds = 0;  ///< of the passes

  /// Bytes that a device sends where sums go round in a ring.
  [[nodiscard]] double sent(int devices) const { return 2 * bytes * (devices - 1) / devices; }
  /// Seconds of all sums one after the other. @param bandwidth bytes per second from each device
  [[nodiscard]] double sum_seconds(int devices, double bandwidth, modelled_machine const& machine) const {
    return sent(devices) / bandwidth + sums * 2 * std::ceil(std::log2(devices)) * machine.hop_seconds;
  }
};

/// Floating-point operations of a sample's forward and backward pass in the encoder's blocks.
/// @param updated share of the weights whose gradients are computed
template <class Shape>
double operations(Shape const& shape, double tokens, double updated) {
  double const hidden = shape.hidden;
  double const weights = shape.layers * (4 * hidden * hidden + 2 * hidden * shape.mlp);
  double const products = 2 * tokens * weights * (2 + updated);
  double const attention = 12 * tokens * tokens * hidden * shape.layers;  // four of them backward, for two forward
  return products + attention;
}

/// @tparam Model in float, for its sums are
/// @param frozen percent of the units, @param batch samples of a device
template <class Model>
modelled_step model_step(double frozen, double tokens, index_t batch, modelled_machine const& machine) {
  using sizes = slimfit::exchange_sizes<typename Model::value_type, slimfit::summation::library>;
  typename Model::network_type network;
  slimfit::bind_parameters(network, nullptr, Model::policy_type::biases);
  auto const active = Model::units - slimfit::freezing::run_time_rate(frozen).frozen(Model::units, 0);
  double const updated = static_cast<double>(active) / Model::units;
  modelled_step step;
  double small = 0;
  network.visit(
      [&](auto const& each, slimfit::no_name /*name*/) {
        auto const bytes = static_cast<double>(each.count()) * sizeof(typename Model::value_type);
        auto const share = each.unit == slimfit::no_unit ? 1.0 : updated;
        step.parameters += static_cast<double>(each.count());
        step.bytes += share * bytes;
        if (bytes >= static_cast<double>(sizes::small_bytes)) {
          step.sums += share;
        } else {
          small += share * bytes;
        }
      },
      slimfit::no_name{});
  step.sums += std::ceil(small / static_cast<double>(sizes::bucket_bytes));
  step.seconds = static_cast<double>(batch) * operations(Model::shape, tokens, updated) / (machine.rate * machine.used);
  return step;
}

}  // namespace examples
