// SPDX-License-Identifier: MIT
// What programs say first: their version, and what multiplies matrices.
#pragma once

#include <cstdio>
#include <slimfit/backend/product_library.hpp>
#include <slimfit/core/config.hpp>
#include <string>
#include <thread>

namespace examples {

/// "slimfit 0.2.0, products by OpenBLAS 0.3.21, core Zen, on 2 threads", and a line of advice where there is any.
/// @param threads of the host backend; 0: as many as the machine has
inline std::string first_lines(int threads) {
  auto const products = slimfit::found_product_library();
  auto const count = threads > 0 ? static_cast<unsigned>(threads) : std::thread::hardware_concurrency();
  auto text = std::string("slimfit ") + slimfit::version + ", products by " + name_of(products) + ", on " +
              std::to_string(count) + (count == 1 ? " thread\n" : " threads\n");
  if (auto const advice = advice_on(products); !advice.empty()) { text += advice + "\n"; }
  return text;
}

}  // namespace examples
