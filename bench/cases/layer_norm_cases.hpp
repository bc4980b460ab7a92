// SPDX-License-Identifier: MIT
// Cases: layer normalisation, by what it keeps, and its output, computed again.
#pragma once

#include "cases.hpp"

namespace slimfit::bench {

/// The input of the next linear layer, computed again from what `S` keeps.
template <class S, scalar T, int Width>
struct rebuild_output_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    auto const kept = memory.template kept<S, T, Width>(memory.rows(), save_normalized);
    auto const* const gamma = memory.template table<T>(Width, memory.rows());
    auto const* const beta = memory.template table<T>(Width, memory.rows());
    auto* const output = memory.template write<T>(memory.rows() * Width);
    using source = stash::layer_norm_output<Width, T, std::remove_cvref_t<decltype(kept)>>;
    return row_task{kernels::restore_rows<Width, T, source>{{kept, gamma, beta, 1e-6F}, output}, memory.rows()};
  }
};

template <class Cases>
void add_layer_norm_cases(Cases const& cases) {
  constexpr int width = 768;
  using kernels::parameter_gradients;
  using normalized = stash::layer_norm_normalized<stash::dense>;
  cases.for_scalars([&]<class T>() {
    for_layer_norm_forms([&]<class S>(named<S> form) {
      std::string const name = form.name;
      cases.template add<T>("layer_norm_forward " + name, width, layer_norm_forward_case<S, T, width>{});
      cases.template add<T>("layer_norm_backward " + name, width, layer_norm_backward_case<S, T, width>{});
      cases.template add<T>("layer_norm_backward (frozen weight) " + name, width,
                            layer_norm_backward_case<S, T, width, parameter_gradients::shift>{});
      cases.template add<T>("layer_norm_backward (frozen) " + name, width,
                            layer_norm_backward_case<S, T, width, parameter_gradients::none>{});
    });
    cases.template add<T>("restore_rows layer_norm_output normalised", width,
                          rebuild_output_case<normalized, T, width>{});
  });
}

}  // namespace slimfit::bench
