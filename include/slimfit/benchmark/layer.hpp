// SPDX-License-Identifier: MIT
// One line registers a layer: its forward pass, and both passes. Gradients of its parameters are computed and go
// nowhere.
#pragma once

#include <array>
#include <string>
#include <utility>

#include <slimfit/backend/counting.hpp>
#include <slimfit/benchmark/kernel.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/pass.hpp>

namespace slimfit::benchmarks {

/// How a layer is run.
struct layer_options {
  index_t rows = 1576;     ///< of the input
  index_t tokens = 1;      ///< of a sequence, for layers whose rows see each other; rows are a multiple of it
  int inputs = 0;          ///< elements of an input's row; 0: the layer's `inputs` or `width`
  int outputs = 0;         ///< elements of an output's row; 0: the layer's `outputs` or `width`
  bool is_frozen = false;  ///< whether the layer's units are frozen
  int threads = 0;         ///< of the host; 0: as many as the machine has
};

namespace detail {

/// Matrices of a layer's passes.
template <class T>
struct layer_matrices {
  T* input = nullptr;
  T* output = nullptr;
  T* output_gradient = nullptr;
  T* input_gradient = nullptr;
};

template <class Layer>
constexpr layer_options sizes_of(layer_options options) {
  if constexpr (requires { Layer::inputs; }) { options.inputs = options.inputs > 0 ? options.inputs : Layer::inputs; }
  if constexpr (requires { Layer::outputs; }) {
    options.outputs = options.outputs > 0 ? options.outputs : Layer::outputs;
  }
  if constexpr (requires { Layer::width; }) {
    options.inputs = options.inputs > 0 ? options.inputs : Layer::width;
    options.outputs = options.outputs > 0 ? options.outputs : Layer::width;
  }
  require_at_least("benchmarks::layer: layer_options::inputs", options.inputs, 1);
  require_at_least("benchmarks::layer: layer_options::outputs", options.outputs, 1);
  require_at_least("benchmarks::layer: layer_options::tokens", options.tokens, index_t{1});
  require_at_least("benchmarks::layer: layer_options::rows", options.rows, options.tokens);
  if (options.rows % options.tokens != 0) {
    raise_mismatch<value_error>("benchmarks::layer: layer_options::rows", options.rows,
                                {"a multiple of the tokens, ", options.tokens});
  }
  return options;
}

/// What a pass takes.
struct layer_memory {
  index_t kept = 0;  ///< on the tape between forward and backward
  index_t peak = 0;  ///< of tape and scratch memory
};

/// Runs both passes, or the first one, on `memory`.
template <class Layer, class Device, class T>
layer_memory run_layer(Layer const& layer, Device& device, arena& memory, layer_matrices<T> const& of,
                       layer_options const& options, bool backward) {
  counted_updates<true> updates;
  auto const active = options.is_frozen ? active_set::none() : active_set::all(active_set::capacity);
  context<Device, counted_updates<true>> run{device, memory, updates, active, true, 0, 0};
  sequence_batch const batch(options.rows / options.tokens, options.tokens);
  auto const kept = layer.forward(run, batch, {.input = of.input}, {.output = of.output});
  layer_memory result{memory.tape_bytes(), 0};
  if (backward) {
    layer.backward(run, kept, {.output_gradient = of.output_gradient}, {.input_gradient = of.input_gradient});
  }
  result.peak = memory.high_water();
  return result;
}

template <class Layer, class Device>
void time_layer(::benchmark::State& state, layer_options const& options, bool backward) {
  using T = typename Layer::value_type;
  if (!can_run<Device>(state)) { return; }
  auto const device = timing<Device>::make(options.threads);
  workspace<Device> data(device.get(), 1);
  layer_network<Layer> bound;
  auto const layout = bind_parameters(bound, static_cast<T*>(nullptr), bias_updates::always);
  bind_parameters(bound, data.template filled<T>(layout.elements), bias_updates::always);
  index_t const in = options.rows * options.inputs;
  index_t const out = options.rows * options.outputs;
  layer_matrices<T> const of{data.template filled<T>(in), data.template allocate<T>(std::max(in, out)),
                             data.template filled<T>(out), data.template allocate<T>(std::max(in, out))};

  ledger book;
  counting counter;
  arena counted(book);
  auto const need = run_layer(bound.layer, counter, counted, layer_matrices<T>{}, options, true);
  std::byte* const block = data.template allocate<std::byte>(need.peak);
  timing<Device>::repeat(state, *device, 1, [&] {
    arena memory(book, block, need.peak);
    run_layer(bound.layer, *device, memory, of, options, backward);
  });
  // What must be read and written however the layer works: its matrices, its parameters, their gradients, what it
  // keeps.
  index_t const forward_numbers = in + out + layout.parameters;
  index_t const gradients = options.is_frozen ? 0 : layout.parameters;
  index_t const numbers = forward_numbers + (backward ? forward_numbers + gradients : 0);
  report_bytes<Device>(state, numbers * static_cast<index_t>(sizeof(T)) + need.kept * (backward ? 2 : 1), need.kept);
  state.counters["bytes_temporary"] = static_cast<double>(need.peak - need.kept);
}

}  // namespace detail

/// Registers a layer's forward pass, and its forward and backward pass together.
/// @tparam Layer see layers/layer.hpp
/// @return both, in this order
/// @throws value_error where a size is neither given nor a constant of the layer
template <slimfit::layer Layer, class Device = default_device>
std::array<registered, 2> layer(std::string const& name, layer_options const& given = {}) {
  auto const options = detail::sizes_of<Layer>(given);
  auto const add = [&](char const* pass, bool backward) {
    auto const title = name + "/" + pass + " " + std::to_string(options.rows) + " x " + std::to_string(options.inputs) +
                       " " + scalar_name<typename Layer::value_type>;
    auto* const benchmark =
        ::benchmark::RegisterBenchmark(title.c_str(), [options, backward](::benchmark::State& state) {
          detail::time_layer<Layer, Device>(state, options, backward);
        });
    timing<Device>::choose_step_clock(benchmark);
    return benchmark;
  };
  return {add("forward", false), add("forward and backward", true)};
}

}  // namespace slimfit::benchmarks
