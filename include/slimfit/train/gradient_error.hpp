// SPDX-License-Identifier: MIT
// How far a policy's gradients are from exact ones, parameter by parameter, on a batch and at the weights that a model
// has. Both come from the same layers; nothing is updated.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/pass/counting_context.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/batch_buffers.hpp>
#include <slimfit/train/checks.hpp>

namespace slimfit {

/// Of one parameter. Norms are Euclidean.
struct gradient_error {
  std::string name;
  int unit = no_unit;
  index_t count = 0;
  double exact = 0;       ///< norm of the exact gradient
  double difference = 0;  ///< norm of the policy's gradient less the exact one, root mean square over the passes
  /// 0 where there is no gradient.
  [[nodiscard]] double relative() const { return exact == 0 ? 0 : difference / exact; }
};

/// The same of several parameters taken together.
inline gradient_error sum_of(std::vector<gradient_error> const& errors, std::string name = "all") {
  gradient_error sum{.name = std::move(name)};
  for (auto const& each : errors) {
    sum.count += each.count;
    sum.exact = std::hypot(sum.exact, each.exact);
    sum.difference = std::hypot(sum.difference, each.difference);
  }
  return sum;
}

struct error_options {
  /// Units are measured in so many passes; in each, every so manyeth unit is active and the others are frozen. What a
  /// policy keeps depends on that: 20 passes show it at a freezing rate of 95 %, 1 pass with nothing frozen.
  index_t passes = 1;
  std::uint64_t seed = 0;  ///< of dropout
};

/// `policy::exact` with another padding.
template <padding_tokens Padding>
struct exact_with : policy::exact {
  static constexpr padding_tokens padding = Padding;
};
/// `policy::exact` with the padding of `Policy`: rows are numbered alike then, so that dropout drops the same.
template <class Policy>
using exact_beside = exact_with<Policy::padding>;

namespace detail {

/// Takes gradients as they are completed, as parts of at most a parameter: of the one at `position`, from `first` on.
/// One type for all that do: layers are compiled once for it.
template <scalar T>
struct gradient_receiver {
  virtual void receive(int position, index_t first, std::vector<T> const& values) const = 0;

 protected:
  ~gradient_receiver() = default;
};
template <scalar T, class Function>
struct calling_receiver final : gradient_receiver<T> {
  Function function;

  explicit calling_receiver(Function given) : function(std::move(given)) {}
  void receive(int position, index_t first, std::vector<T> const& values) const override {
    function(position, first, values);
  }
};

template <class Device, scalar T>
struct read_updates {
  static constexpr bool takes_parts = true;
  Device const& device;
  gradient_receiver<T> const& receiver;

  void apply(parameter<T> const& target, T const* gradient) { apply_part(target, gradient, 0, target.count()); }
  void apply_part(parameter<T> const& target, T const* gradient, index_t first, index_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    device.copy(gradient, values.data(), count);
    receiver.receive(target.position, first, values);
  }
};

/// One pass over the batch with the layers of `network`.
template <class Network, class Device, scalar T>
void read_gradients(Device& device, Network const& network, batch_buffers<Device, Network> const& batch,
                    active_set const& active, error_options const& options, gradient_receiver<T> const& receiver) {
  auto const pass = [&](auto& backend, arena& memory, auto& updates, batch_view<Network> const& view) {
    context<std::remove_reference_t<decltype(backend)>, std::remove_reference_t<decltype(updates)>> run{
        backend, memory, updates, active, true, options.seed, 0, {}, true};
    training_pass(network, run, view, [] {});
  };
  index_t const bytes = [&] {
    ledger book;
    arena counted(book);
    counting<Device> backend;
    counted_updates<true> updates;
    pass(backend, counted, updates, batch_view<Network>{.sequences = batch.view().sequences});
    return counted.high_water();
  }();
  arena_block<Device> block(device);
  block.reserve(bytes);
  arena memory(device.memory().book(), block.data(), block.size());
  read_updates<Device, T> updates{device, receiver};
  pass(device, memory, updates, batch.view());
}

/// @throws value_error
inline void require_finite_norm(char const* what, std::string const& parameter, double norm) {
  if (!std::isfinite(norm)) {
    raise_mismatch<value_error>(joined({"measure_error: norm of the ", what, " of ", parameter}), norm,
                                {"a finite number: an input or a weight is none, or the model has diverged"});
  }
}

}  // namespace detail

/// Measures the errors of the gradients that `net`'s policy gives, in the order of its parameters.
/// @tparam Reference the policy whose gradients count as exact; void: `exact_beside` the model's own
/// @param inputs, labels as for `trainer::step`. Dropout takes place.
/// @throws shape_error, value_error (also where a gradient is no number, which names its parameter), memory_error
template <class Reference = void, class Model>
std::vector<gradient_error> measure_error(Model& net, std::span<typename Model::network_type::input_type const> inputs,
                                          std::span<typename Model::network_type::loss_type::label_type const> labels,
                                          error_options options = {}) {
  using value_type = typename Model::value_type;
  using device_type = typename Model::device_type;
  using network_type = typename Model::network_type;
  using reference_policy =
      std::conditional_t<std::is_void_v<Reference>, exact_beside<typename Model::policy_type>, Reference>;
  using reference_model = typename Model::template with_policy<reference_policy>;
  using reference_type = typename reference_model::network_type;
  detail::batch_checks<network_type>::check(inputs, labels);
  if (options.passes < 1) { raise_mismatch<value_error>("measure_error: passes", options.passes, {"at least 1"}); }
  auto& device = net.device();
  auto const as_double = [](value_type value) {
    return static_cast<double>(static_cast<compute_type<value_type>>(value));
  };

  auto const receiving = [](auto function) {
    return detail::calling_receiver<value_type, decltype(function)>(function);
  };

  std::vector<gradient_error> errors;
  std::vector<std::vector<value_type>> exact;
  for (auto const& [name, each] : net.parameters()) {
    errors.push_back({.name = name, .unit = each.unit, .count = each.count()});
    exact.emplace_back(static_cast<std::size_t>(each.count()));
  }
  {
    // The same weights under the reference's layers: parameters are visited in the same order whatever the policy.
    reference_type network;
    bind_parameters(network, net.parameters().front().value.data, reference_policy::biases);
    batch_buffers<device_type, reference_type> batch(device);
    batch.load(inputs, labels);
    auto const keep = receiving([&](int position, index_t first, auto const& values) {
      std::copy(values.begin(), values.end(), exact[static_cast<std::size_t>(position)].begin() + first);
    });
    detail::read_gradients(device, network, batch, active_set::all(reference_model::units), options, keep);
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    double squares = 0;
    for (auto const value : exact[i]) { squares += as_double(value) * as_double(value); }
    errors[i].exact = std::sqrt(squares);
    detail::require_finite_norm("exact gradient", errors[i].name, errors[i].exact);
  }

  batch_buffers<device_type, network_type> batch(device);
  batch.load(inputs, labels);
  std::vector<double> squares(errors.size());
  std::vector<index_t> compared(errors.size());
  auto const compare = receiving([&](int position, index_t first, auto const& values) {
    auto const at = static_cast<std::size_t>(position);
    auto const* const expected = exact[at].data() + first;
    for (std::size_t i = 0; i < values.size(); ++i) {
      double const difference = as_double(values[i]) - as_double(expected[i]);
      squares[at] += difference * difference;
    }
    compared[at] += std::ssize(values);
  });
  for (index_t pass = 0; pass < options.passes; ++pass) {
    active_set active;
    for (index_t unit = pass; unit < Model::units; unit += options.passes) { active.set(unit); }
    detail::read_gradients(device, net.network(), batch, active, options, compare);
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (compared[i] == 0) { continue; }
    errors[i].difference =
        std::sqrt(squares[i] * static_cast<double>(errors[i].count) / static_cast<double>(compared[i]));
    detail::require_finite_norm("error of the gradient", errors[i].name, errors[i].difference);
  }
  return errors;
}

}  // namespace slimfit
