// SPDX-License-Identifier: MIT
// Makes a layer a shared library with the C interface of layer.h. A whole library is
//
//     #include <slimfit/interop/layer_library.hpp>
//     #include <slimfit/layers/pre_norm_block.hpp>
//     #include <slimfit/policy/presets.hpp>
//     using layer_type = slimfit::pre_norm_block<384, 6, 1536, slimfit::policy::slim, float>;
//     SLIMFIT_LAYER_LIBRARY(layer_type, slimfit::host)
//
// compiled with -shared -fPIC -fvisibility=hidden; on CUDA, with cuda_device.cuh and slimfit::cuda instead, by nvcc.
#pragma once

#include <string>

#include <slimfit/core/type_name.hpp>
#include <slimfit/interop/failures.hpp>
#include <slimfit/interop/host_device.hpp>
#include <slimfit/interop/layer_pass.hpp>
#include <slimfit/interop/tape_contents.hpp>
#include <slimfit/io/json_string.hpp>

namespace slimfit::interop {

/// The functions of layer.h for one layer; they throw.
/// @tparam Layer  see layers/layer.hpp, with as many numbers in a row of the output as in one of the input (`width`)
/// @tparam Device a backend that library_device knows
template <layer Layer, class Device>
struct layer_functions {
  using pass_type = layer_pass<Layer, Device>;
  using value_type = typename Layer::value_type;

  static std::string describe() {
    std::string text = "{\"interface\":" + std::to_string(SLIMFIT_INTERFACE) + ",\"version\":\"" + version +
                       "\",\"scalar\":\"" + scalar_name() + "\",\"device\":\"" + library_device<Device>::name +
                       "\",\"width\":" + std::to_string(Layer::width) +
                       ",\"layer\":" + slimfit::detail::json_string(type_name<Layer>()) + ",\"parameters\":[";
    layer_network<Layer> network;
    bind_parameters(network, nullptr, bias_updates::always);
    char const* separator = "";
    network.layer.visit(
        [&](parameter<value_type> const& each, std::string const& name) {
          text += separator;
          text += "{\"name\":" + slimfit::detail::json_string(name.substr(1)) + ",\"shape\":[";
          for (int i = 0; i < each.rank; ++i) {
            text += (i > 0 ? "," : "") + std::to_string(each.shape[static_cast<std::size_t>(i)]);
          }
          text += "],\"unit\":" + std::to_string(each.unit) + "}";
          separator = ",";
        },
        std::string{});
    return text + "]}";
  }
  static std::string plan(slimfit_pass const& pass) {
    tape_contents contents;
    pass_type(pass).record(contents);
    return contents.json();
  }
  static void forward(slimfit_pass const& pass, void const* input, void* output, slimfit_memory const& tape,
                      slimfit_memory const& scratch) {
    library_device<Device>::instance().run(pass, [&](Device& device) {
      pass_type(pass).forward(device, static_cast<value_type const*>(input), static_cast<value_type*>(output),
                              span_of(tape), span_of(scratch));
    });
  }
  static void backward(slimfit_pass const& pass, slimfit_memory const& tape, void const* output_gradient,
                       void* input_gradient, void* const* gradients, slimfit_memory const& scratch) {
    library_device<Device>::instance().run(pass, [&](Device& device) {
      pass_type(pass).backward(device, span_of(tape), static_cast<value_type const*>(output_gradient),
                               static_cast<value_type*>(input_gradient), gradients, span_of(scratch));
    });
  }

 private:
  static std::string scalar_name() {
    if constexpr (std::same_as<value_type, bf16>) { return "bf16"; }
    return std::string(type_name<value_type>());
  }
  static std::span<std::byte> span_of(slimfit_memory const& memory) {
    return {static_cast<std::byte*>(memory.data), static_cast<std::size_t>(memory.bytes)};
  }
};

}  // namespace slimfit::interop

/// Defines the functions of layer.h for a layer, e.g. `SLIMFIT_LAYER_LIBRARY(layer_type, slimfit::host)`. Once in a
/// library; names of types with commas need a `using`.
#define SLIMFIT_LAYER_LIBRARY(layer_type, device_type)                                                                 \
  namespace {                                                                                                          \
  using slimfit_functions = ::slimfit::interop::layer_functions<layer_type, device_type>;                              \
  }                                                                                                                    \
  SLIMFIT_EXPORT char const* slimfit_error(void) { return ::slimfit::interop::last_failure().c_str(); }                \
  SLIMFIT_EXPORT char const* slimfit_layer_describe(void) {                                                            \
    static auto const text = slimfit_functions::describe();                                                            \
    return text.c_str();                                                                                               \
  }                                                                                                                    \
  SLIMFIT_EXPORT int slimfit_layer_sizes(slimfit_pass const* pass, slimfit_sizes* sizes) {                             \
    return ::slimfit::interop::guarded([&] { *sizes = slimfit_functions::pass_type(*pass).sizes(); });                 \
  }                                                                                                                    \
  SLIMFIT_EXPORT char const* slimfit_layer_plan(slimfit_pass const* pass) {                                            \
    thread_local std::string text;                                                                                     \
    int const failed = ::slimfit::interop::guarded([&] { text = slimfit_functions::plan(*pass); });                    \
    return failed != 0 ? nullptr : text.c_str();                                                                       \
  }                                                                                                                    \
  SLIMFIT_EXPORT int slimfit_layer_forward(slimfit_pass const* pass, void const* input, void* output,                  \
                                           slimfit_memory tape, slimfit_memory scratch) {                              \
    return ::slimfit::interop::guarded([&] { slimfit_functions::forward(*pass, input, output, tape, scratch); });      \
  }                                                                                                                    \
  SLIMFIT_EXPORT int slimfit_layer_backward(slimfit_pass const* pass, slimfit_memory tape,                             \
                                            void const* output_gradient, void* input_gradient, void* const* gradients, \
                                            slimfit_memory scratch) {                                                  \
    return ::slimfit::interop::guarded(                                                                                \
        [&] { slimfit_functions::backward(*pass, tape, output_gradient, input_gradient, gradients, scratch); });       \
  }                                                                                                                    \
  SLIMFIT_EXPORT int slimfit_use_products(void (*sgemm)(void), void (*dgemm)(void)) {                                  \
    return ::slimfit::interop::guarded(                                                                                \
        [&] { ::slimfit::interop::library_device<device_type>::instance().use_products(sgemm, dgemm); });              \
  }                                                                                                                    \
  SLIMFIT_EXPORT int slimfit_use_memory(void* (*allocate)(void* state, int64_t bytes),                                 \
                                        void (*deallocate)(void* state, void* memory, int64_t bytes), void* state) {   \
    return ::slimfit::interop::guarded([&] {                                                                           \
      ::slimfit::interop::library_device<device_type>::instance().use_memory(                                          \
          ::slimfit::interop::memory_by(allocate, deallocate, state));                                                 \
    });                                                                                                                \
  }                                                                                                                    \
  SLIMFIT_EXPORT int slimfit_release(void) {                                                                           \
    return ::slimfit::interop::guarded(                                                                                \
        [&] { ::slimfit::interop::library_device<device_type>::instance().release(); });                               \
  }
