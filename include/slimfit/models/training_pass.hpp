// SPDX-License-Identifier: MIT
// One forward and backward pass of a network with its loss. The trainer runs it on a backend, a plan on the counting
// one: both see the same allocations because this is the same code.
#pragma once

#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/layers/losses.hpp>

namespace slimfit {

/// The numbers of a training step. Each part of a batch that is accumulated has its own.
constexpr step_numbers step_numbers_of(std::uint64_t seed, index_t iteration, index_t part = 0) {
  return {seed + std::uint64_t{0x9E3779B97F4A7C15U} * static_cast<std::uint64_t>(part),
          static_cast<std::uint32_t>(iteration)};
}

/// What every step reads and writes in the backend's memory, whatever its batch.
struct step_memory {
  batch_result total;
  step_numbers numbers;
};

/// Samples in the backend's memory.
template <class Network>
struct batch_view {
  using input_type = typename Network::input_type;
  using label_type = typename Network::loss_type::label_type;

  input_type const* inputs = nullptr;
  label_type const* labels = nullptr;
  sequence_batch sequences{};             ///< one per sample
  sample_result* results = nullptr;       ///< one per sample, written by the forward pass
  batch_result* total = nullptr;          ///< their sum
  step_numbers const* numbers = nullptr;  ///< what the pass draws by

  [[nodiscard]] constexpr index_t count() const { return sequences.count(); }
  friend constexpr bool operator==(batch_view const&, batch_view const&) = default;
};

/// @param forward_done called between forward and backward
template <class Network, class Context, class ForwardDone>
constexpr void training_pass(Network const& network, Context& run, batch_view<Network> const& batch,
                             ForwardDone const& forward_done) {
  using value_type = typename Network::value_type;
  using loss_type = typename Network::loss_type;
  auto const score_gradient = run.template scratch<value_type>(loss_type::scores(batch.sequences));
  auto const kept = [&] {
    auto const scores = run.template scratch<value_type>(loss_type::scores(batch.sequences));
    auto const range = run.range("forward");
    auto result = network.forward(run, batch.inputs, batch.sequences, scores.data());
    loss_type::apply(run, scores.data(), batch.labels, batch.sequences, score_gradient.data(), batch.results);
    run.launch(1, kernels::sum_results{batch.results, batch.count(), batch.total});
    return result;
  }();
  forward_done();
  auto const range = run.range("backward");
  network.backward(run, kept, batch.inputs, batch.sequences, score_gradient.data());
}

/// Scores without keeping anything: `body(scores)` reads them.
template <class Network, class Context, class Body>
constexpr void inference_pass(Network const& network, Context& run, batch_view<Network> const& batch,
                              Body const& body) {
  using value_type = typename Network::value_type;
  auto const scores = run.template scratch<value_type>(Network::loss_type::scores(batch.sequences));
  (void)network.forward(run, batch.inputs, batch.sequences, scores.data());
  body(scores.data());
}

/// Writes what the samples came to.
template <class Network, class Context>
constexpr void evaluation_pass(Network const& network, Context& run, batch_view<Network> const& batch) {
  inference_pass(network, run, batch, [&](typename Network::value_type const* scores) {
    Network::loss_type::apply(run, scores, batch.labels, batch.sequences, nullptr, batch.results);
    run.launch(1, kernels::sum_results{batch.results, batch.count(), batch.total});
  });
}

}  // namespace slimfit
