// SPDX-License-Identifier: MIT
// Which values a training step clipped, by layer: the counters that layers add to, and their readings by name.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <slimfit/memory/resource.hpp>
#include <slimfit/pass/saturation.hpp>

namespace slimfit {

/// How many values of one kept matrix lay outside the range of its format in a step.
struct saturation_count {
  std::string layer;        ///< as in the names of its parameters, e.g. "vit.encoder.layer.3.attention.attention.key"
  saturated_matrix matrix;  ///< which of its matrices
  index_t clipped = 0;
  index_t total = 0;

  [[nodiscard]] double share() const { return static_cast<double>(clipped) / static_cast<double>(total); }
  friend bool operator==(saturation_count const&, saturation_count const&) = default;
};

/// The counters of a model on a backend, in category::workspace. Without them nothing is counted.
template <class Device>
class saturation_counter {
 public:
  /// @param parameters 0: nothing is counted
  saturation_counter(Device& device, index_t parameters) : device_(&device) {
    if (parameters > 0) { counters_ = {device.memory(), saturation_counters(parameters), category::workspace}; }
    read_.reserve(counters_.size());
  }

  [[nodiscard]] saturation_table table() const { return {counters_.size() > 0, counters_.data()}; }
  /// Adds the counters' bytes to `held`.
  void add_to(byte_counts& held) const { counters_.add_to(held); }
  /// Enqueues that all counters begin at zero.
  void reset() { device_->fill_zero(counters_.data(), counters_.size()); }
  /// Enqueues the copy of all counters to the host.
  void request() {
    if (counters_.size() > 0) { read_.request(*device_, counters_.data(), counters_.size()); }
  }
  /// Every counter by its name, in the order of the parameters: room for what `collect` reads, to be made before a step
  /// changes anything. @param parameters the model's, by position
  template <class Parameters>
  [[nodiscard]] std::vector<saturation_count> named(Parameters const& parameters) const {
    std::vector<saturation_count> counts;
    if (counters_.size() == 0) { return counts; }
    counts.reserve(static_cast<std::size_t>(counters_.size()));
    for_each_place(parameters, [&](std::string const& name, saturation_place const& place) {
      counts.push_back({name.substr(0, name.rfind('.')), place.matrix});
    });
    return counts;
  }
  /// Waits for what was requested last and leaves in `counts`, which `named` made, those of the matrices that a format
  /// with a fixed range kept.
  template <class Parameters>
  void collect(Parameters const& parameters, std::vector<saturation_count>& counts) {
    if (counters_.size() == 0) { return; }
    auto const totals = read_.wait();
    auto count = counts.begin();
    for_each_place(parameters, [&](std::string const& /*name*/, saturation_place const& place) {
      auto const& read = totals[static_cast<std::size_t>(place.counter())];
      count->clipped = read.clipped;
      count->total = read.total;
      ++count;
    });
    std::erase_if(counts, [](saturation_count const& each) { return each.total == 0; });
  }

 private:
  template <class Parameters, class Body>
  static void for_each_place(Parameters const& parameters, Body const& body) {
    for (auto const& [name, each] : parameters) {
      if (each.kind == parameter_kind::bias) { continue; }
      for (int i = 0; i < saturated_matrix_count; ++i) {
        body(name, saturation_place{each.position, static_cast<saturated_matrix>(i)});
      }
    }
  }

  Device* device_;
  buffer<saturation_total, typename Device::resource_type> counters_;
  typename Device::template readback<saturation_total> read_;
};

}  // namespace slimfit
