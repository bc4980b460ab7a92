// SPDX-License-Identifier: MIT
// Compiles: shows that the programs under fail/ fail for what they do, not for how they are compiled.
#include <slimfit/slimfit.hpp>

using namespace slimfit;

struct own : policy::slim {
  using freezing =
      slimfit::freezing::inter_layer<slimfit::freezing::round_robin, percent<75>, slimfit::freezing::hold<20>>;
  using gelu = stash::gelu_input<stash::quantized<format::fixed_point<2, 1>>>;
  using linear_input = stash::by_state<stash::dense, stash::none>;
};
using model_type = vit<shapes::vit_small_16, own, host>;
static_assert(plan<model_type>(8).peak() < 1 * GiB);

// A policy's own name is none of its members.
struct frozen : own {};
static_assert(sizeof(vit<shapes::vit_base_16, frozen, host>) > 0);
// The largest models that have a name are planned within the steps that compilers allow a constant expression.
static_assert(plan<vit<shapes::vit_large_16, policy::eager, host>>(128).peak() > 1 * GiB);
static_assert(plan<bert<shapes::bert_large_uncased, policy::paper, host>>(128).peak() > 1 * GiB);

double train(model_type& net, std::span<float const> images, std::span<std::int32_t const> labels) {
  trainer run{net, adamw{.learning_rate = 1e-4}};
  return run.step(images, labels).loss;
}
