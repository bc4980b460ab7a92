// SPDX-License-Identifier: MIT
// A body of one's own for half a block: the gated MLP, y = residual + W (f(G x) * (U x)) (Shazeer, arXiv 2002.05202),
// with any activation f. One linear gives G x and U x, which are kept as `Stash` says; the last linear's input is made
// again from them.
#pragma once
#include <slimfit/slimfit.hpp>

/// h = f(gate) * up.
template <slimfit::activation_function Activation>
struct gate_function {
  static constexpr char const* name = "gate";
  static constexpr int inputs = 2;

  template <class T>
  SLIMFIT_HD static T value(T gate, T up) {
    return Activation::both(gate).value * up;
  }
  template <class T>
  SLIMFIT_HD static slimfit::element_gradients<T, 2> gradients(T gate, T up, T gradient) {
    auto const f = Activation::both(gate);
    return {gradient * up * f.derivative, gradient * f.value};
  }
};

template <int Hidden, int Width, class Stash, class Activation, slimfit::scalar T>
struct gated_mlp_parts {
  using kept_while_active = slimfit::stash::by_state<slimfit::stash::dense, slimfit::stash::none>;
  static constexpr auto bias = slimfit::linear_bias::without;
  using first = slimfit::linear<Hidden, 2 * Width, kept_while_active, T, bias>;
  using gate = slimfit::element_layer<Width, gate_function<Activation>, Stash, T>;
  using last = slimfit::linear<Width, Hidden, slimfit::stash::rebuilt, T, bias>;
  using type = slimfit::chain<first, gate, last>;
};
template <int Hidden, int Width, class Stash, class Activation, slimfit::scalar T>
using gated_mlp = typename gated_mlp_parts<Hidden, Width, Stash, Activation, T>::type;
