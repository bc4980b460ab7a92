// SPDX-License-Identifier: MIT
// One forward and backward pass of a classifier. The trainer runs it on a backend, a plan on the counting one: both see
// the same allocations because this is the same code.
#pragma once

#include <slimfit/kernels/cross_entropy.hpp>
#include <slimfit/layers/context.hpp>

namespace slimfit {

/// Samples in the backend's memory.
template <class Input>
struct batch_view {
  Input const* inputs = nullptr;
  std::int32_t const* labels = nullptr;
  index_t count = 0;
  sample_result* results = nullptr;  ///< one per sample, written by the forward pass
  batch_result* total = nullptr;     ///< their sum
  friend constexpr bool operator==(batch_view const&, batch_view const&) = default;
};

/// @param forward_done called between forward and backward
template <class Network, class Context, class ForwardDone>
constexpr void training_pass(Network const& network, Context& run,
                             batch_view<typename Network::input_type> const& batch, ForwardDone const& forward_done) {
  using value_type = typename Network::value_type;
  auto const logit_gradient = run.template scratch<value_type>(batch.count * Network::classes);
  auto const kept = [&] {
    auto const logits = run.template scratch<value_type>(batch.count * Network::classes);
    [[maybe_unused]] auto const range = run.range("forward");
    auto result = network.forward(run, batch.inputs, batch.count, logits.data());
    auto const scale = compute_type<value_type>{1} / static_cast<compute_type<value_type>>(batch.count);
    run.launch(batch.count, kernels::cross_entropy<value_type>{logits.data(), batch.labels, Network::classes, scale,
                                                               logit_gradient.data(), batch.results});
    run.launch(1, kernels::sum_results{batch.results, batch.count, batch.total});
    return result;
  }();
  forward_done();
  [[maybe_unused]] auto const range = run.range("backward");
  network.backward(run, kept, batch.inputs, batch.count, logit_gradient.data());
}

/// Class scores and results without keeping anything.
template <class Network, class Context>
constexpr void inference_pass(Network const& network, Context& run,
                              batch_view<typename Network::input_type> const& batch) {
  using value_type = typename Network::value_type;
  auto const logits = run.template scratch<value_type>(batch.count * Network::classes);
  (void)network.forward(run, batch.inputs, batch.count, logits.data());
  run.launch(batch.count, kernels::cross_entropy<value_type>{
                              logits.data(), batch.labels, Network::classes, {}, nullptr, batch.results});
  run.launch(1, kernels::sum_results{batch.results, batch.count, batch.total});
}

}  // namespace slimfit
