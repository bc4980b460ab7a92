// SPDX-License-Identifier: MIT
// A network with its weights on a backend.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <slimfit/backend/device.hpp>
#include <slimfit/core/philox.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/pass/bind.hpp>

namespace slimfit {

/// A parameter with its name, for files and reports.
template <scalar T>
struct named_parameter {
  std::string name;
  parameter<T> value;
};

namespace detail {
template <class Device>
struct checked_device {
  static_assert(training_device<Device>,
                "slimfit: a model's Device must be a backend, e.g. host: vit<Shape, Policy, host, float>");
};

struct any_visitor {
  template <class Parameter, class Name>
  constexpr void operator()(Parameter const& /*each*/, Name const& /*name*/) const {}
};

/// One sentence per member of a network.
template <class Network>
struct checked_network {
  static_assert(
      requires {
        typename Network::value_type;
        typename Network::policy_type;
      },
      "slimfit: model<Network, Device>: Network must have value_type, its scalar, and policy_type, a model policy");
  static_assert(
      requires(Network & each) { each.visit(any_visitor{}, no_name{}); },
      "slimfit: model<Network, Device>: Network must have visit(visitor, name), which calls visitor(parameter, name) "
      "for "
      "every parameter");
  static_assert(
      requires(Network & each) { each.units_bound(); },
      "slimfit: model<Network, Device>: Network must have units_bound(), which is called when parameters have been "
      "given "
      "their units; sequence_network has it");
};

/// A backend that this compiler cannot compile says so.
template <class Device>
struct available_device {};
template <class Device>
requires requires { typename Device::template unavailable<Device>; }
struct available_device<Device> : Device::template unavailable<Device> {};

/// What models by name are made of. Its sentences come first.
template <class Policy, class Device, class T>
struct checked_model : available_device<Device> {
  static_assert(
      !training_device<Policy> && !scalar<Policy> && !training_device<T>,
      "slimfit: a model's arguments are in another order: first the shape, then the policy, then the backend, "
      "then the scalar, e.g. vit<shape, policy::slim, host, float>");
  static_assert(scalar<T> || training_device<T>,
                "slimfit: a model's numbers must be float, double or bf16: vit<Shape, Policy, Device, float>");
};
/// So that nothing else is said of what is no scalar.
template <class T>
struct scalar_or_float {
  using type = float;
};
template <scalar T>
struct scalar_or_float<T> {
  using type = T;
};
}  // namespace detail

/// @tparam Network layers with `visit`, `forward` and `backward`, e.g. `vit_network`
/// @tparam Device  a backend
template <class Network, class Device>
class model : private detail::checked_device<Device>, private detail::checked_network<Network> {
 public:
  using network_type = Network;
  using device_type = Device;
  using policy_type = typename Network::policy_type;
  using value_type = typename Network::value_type;

  /// Sizes known at compile time.
  static constexpr parameter_layout layout = [] {
    Network network;
    return bind_parameters(network, nullptr, policy_type::biases);
  }();
  static constexpr int units = layout.units;

  /// Allocates the weights and initialises them as ViT and BERT do.
  /// @throws memory_error when they do not fit
  explicit model(Device& device, std::uint64_t seed = 0)
      : device_(&device), weights_(device.memory(), layout.elements, category::weights) {
    bind_parameters(network_, weights_.data(), policy_type::biases);
    network_.visit(
        [&](parameter<value_type> const& each, std::string const& name) {
          parameters_.push_back({name, each});
        },
        std::string{});
    initialize(seed);
  }

  /// Weights normal with standard deviation 0.02, biases 0, normalisation weights 1.
  void initialize(std::uint64_t seed) {
    device_->fill_zero(weights_.data(), weights_.size());
    std::vector<value_type> values;
    for (auto const& [name, each] : parameters_) {
      if (each.kind == parameter_kind::bias) { continue; }
      bool const norm = each.rank == 1;
      values.resize(static_cast<std::size_t>(each.count()));
      random_stream const random{seed, 0, static_cast<std::uint32_t>(each.position)};
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<value_type>(norm ? 1.0F : 0.02F * normal(random, static_cast<index_t>(i)));
      }
      device_->copy(values.data(), each.data, each.count());
    }
  }

  [[nodiscard]] Device& device() const { return *device_; }
  /// Adds the bytes of its weights to `held`.
  void add_to(byte_counts& held) const { weights_.add_to(held); }
  [[nodiscard]] Network const& network() const { return network_; }
  /// All trainable tensors in the order of their positions.
  [[nodiscard]] std::vector<named_parameter<value_type>> const& parameters() const { return parameters_; }
  /// Names of the units, by unit.
  [[nodiscard]] std::vector<std::string> unit_names() const {
    std::vector<std::string> names;
    for (auto const& [name, each] : parameters_) {
      if (each.kind == parameter_kind::unit) { names.push_back(name); }
    }
    return names;
  }

 private:
  /// Box-Muller on two words of one block.
  static float normal(random_stream const& random, index_t element) {
    auto const words = random.block(static_cast<std::uint64_t>(element));
    float const radius = std::sqrt(-2.0F * std::log(1.0F - uniform(words[0])));
    return radius * std::cos(6.2831853F * uniform(words[1]));
  }

  Device* device_;
  buffer<value_type, typename Device::resource_type> weights_;
  Network network_;
  std::vector<named_parameter<value_type>> parameters_;
};

}  // namespace slimfit
