// SPDX-License-Identifier: MIT
// Cases: keeping a dense matrix, and making a dense matrix of what was kept.
#pragma once

#include "cases.hpp"

namespace slimfit::bench {

template <int Width, class Cases>
void add_save_cases(Cases const& cases) {
  cases.for_scalars([&]<class T>() {
    for_matrix_forms([&]<class S>(named<S> form) {
      cases.template add<T>(std::string("save_rows ") + form.name, Width, save_case<S, T, Width>{});
    });
  });
}

template <int Width, class Cases>
void add_restore_cases(Cases const& cases) {
  cases.for_scalars([&]<class T>() {
    for_matrix_forms([&]<class S>(named<S> form) {
      cases.template add<T>(std::string("restore_rows ") + form.name, Width, restore_case<S, T, Width>{});
    });
  });
}

}  // namespace slimfit::bench
