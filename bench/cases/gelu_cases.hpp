// SPDX-License-Identifier: MIT
// Cases: GELU, by what it keeps, and by what is kept of its output.
#pragma once

#include "cases.hpp"

namespace slimfit::bench {

template <class Cases>
void add_gelu_cases(Cases const& cases) {
  constexpr int width = 3072;
  using namespace stash;
  cases.for_scalars([&]<class T>() {
    auto const forward = [&]<class S, class Output>(named<S> form, named<Output> output) {
      cases.template add<T>(std::string("gelu_forward ") + form.name + output.name, width,
                            gelu_forward_case<S, T, width, Output>{});
    };
    named<none> const nothing{""};
    forward(named<none>{"nothing"}, nothing);
    for_gelu_forms([&]<class S>(named<S> form) {
      forward(form, nothing);
      cases.template add<T>(std::string("gelu_backward ") + form.name, width, gelu_backward_case<S, T, width>{});
      cases.template add<T>(std::string("gelu_backward_sums ") + form.name, width,
                            gelu_backward_sums_case<S, T, width>{});
    });
    forward(named<gelu_input<coded<format::fixed_point<2, 1>>>>{"input fixed_point<2, 1>"},
            named<coded<format::fixed_point<3, 4>>>{", output fixed_point<3, 4>"});
    forward(named<gelu_derivative<format::gelu_derivative_codebook<4>>>{"derivative codebook<4>"},
            named<coded<format::affine<8>>>{", output affine<8>"});
  });
}

}  // namespace slimfit::bench
