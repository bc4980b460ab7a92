// SPDX-License-Identifier: MIT
// expect: slimfit: element_layer<Width, ...>: Width must be positive
#include <slimfit/layers/element_layer.hpp>

using namespace slimfit;

struct square {
  static constexpr char const* name = "square";
  static constexpr int inputs = 1;
  template <class T>
  SLIMFIT_HD static T value(T x) {
    return x * x;
  }
  template <class T>
  SLIMFIT_HD static element_gradients<T, 1> gradients(T x, T d) {
    return {2 * x * d};
  }
};
int const outputs = element_layer<0, square, stash::dense, float>::outputs;
