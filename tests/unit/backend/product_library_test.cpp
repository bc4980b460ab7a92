// SPDX-License-Identifier: MIT
// What multiplies matrices is found by name, and advice is given where the processor can more than the library uses.
#include <doctest/doctest.h>

#include <slimfit/backend/host.hpp>
#include <string>

using namespace slimfit;

TEST_CASE("the library says what it is") {
  auto const found = host::products();
  CHECK(found == host::products());
  CHECK_FALSE(found.library.empty());
  CHECK(found.threads >= 1);
  if (found.library == "OpenBLAS" || found.library == "BLIS") {
    CHECK(found.version.find('.') != std::string::npos);
    CHECK_FALSE(found.core.empty());
  }
  CHECK(name_of(found).find(found.library) == 0);
}

TEST_CASE("names and advice") {
  product_library const old{.library = "OpenBLAS",
                            .version = "0.3.21",
                            .core = "Prescott",
                            .threads = 2,
                            .remedy = "OPENBLAS_CORETYPE=Haswell"};
  CHECK(name_of(old) == "OpenBLAS 0.3.21, core Prescott");
  CHECK(advice_on(old).find("OPENBLAS_CORETYPE=Haswell") != std::string::npos);
  CHECK(name_of({.library = "libblas.so.3"}) == "libblas.so.3");
  CHECK(advice_on({.library = "libblas.so.3"}).empty());
}

TEST_CASE("a core is advised against where the processor has more than its kernels use") {
  using detail::openblas_remedy;
  using detail::vector_level;
  for (std::string const core : {"Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona", "Opteron", "Piledriver"}) {
    CHECK(openblas_remedy(core, vector_level::before_avx2).empty());
    CHECK(openblas_remedy(core, vector_level::avx2) == "OPENBLAS_CORETYPE=Haswell");
    CHECK(openblas_remedy(core, vector_level::avx512) == "OPENBLAS_CORETYPE=SkylakeX");
  }
  for (std::string const core : {"Haswell", "Zen"}) {
    CHECK(openblas_remedy(core, vector_level::avx2).empty());
    CHECK(openblas_remedy(core, vector_level::avx512) == "OPENBLAS_CORETYPE=SkylakeX");
  }
  // Nothing is known of cores to come, or of other machines.
  for (std::string const core : {"SkylakeX", "Cooperlake", "SapphireRapids", "Zen9", "NEOVERSEN1", ""}) {
    CHECK(openblas_remedy(core, vector_level::avx512).empty());
  }
}
