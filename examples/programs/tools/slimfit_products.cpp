// SPDX-License-Identifier: MIT
// slimfit-products: which library multiplies matrices on the host, and what would make it faster.
#include <cstdio>
#include <slimfit/backend/product_library.hpp>
#include <string_view>

int main(int argc, char** argv) {
  auto const found = slimfit::found_product_library();
  if (argc == 2 && std::string_view(argv[1]) == "--remedy") {
    if (!found.remedy.empty()) { std::printf("%s\n", found.remedy.c_str()); }
    return 0;
  }
  if (argc != 1) {
    std::fprintf(stderr,
                 "usage: slimfit-products [--remedy]\n"
                 "Prints which library multiplies matrices on the host; with --remedy only what to set in the\n"
                 "environment where this processor can more than the library uses, e.g. OPENBLAS_CORETYPE=Haswell.\n");
    return 2;
  }
  std::printf("%s\n", name_of(found).c_str());
  if (auto const advice = advice_on(found); !advice.empty()) { std::printf("%s\n", advice.c_str()); }
}
