// SPDX-License-Identifier: MIT
// Mistakes in what a model is made of: nvcc says the library's sentences, and the bytes that are too many.
// expect: slimfit: policy: derive from a preset, e.g. struct my_policy : policy::slim {}, and change what should differ
// expect: slimfit: policy: a member is misspelt, so it would change nothing
// expect: slimfit: a model's numbers must be float, double or bf16
// expect: slimfit: a model's arguments are in another order
// expect: slimfit: elementwise<Format, Bits>: the format must have encode_value(value)
// expect: slimfit: trainer: inputs and labels must be contiguous, of the network's types
// expect: slimfit: fits<Model, Batch, Budget>: training takes more than the budget
// says: planned_bytes<
// says: budget_bytes<1048576L>
#include <slimfit/slimfit.hpp>

using namespace slimfit;

constexpr vit_shape tiny{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 2};
struct bare {};
struct misspelt : policy::slim {
  using norms = stash::layer_norm_normalized<stash::dense>;
};
struct without_decoding : format::elementwise<without_decoding, 4> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T value) {
    return value > T{} ? 1 : 0;
  }
};

bool const dense = stash::quantized<without_decoding>::is_dense;
using net_type = vit<tiny, policy::slim, cuda>;
double train(trainer<net_type>& run, std::vector<float> const& images, std::vector<std::int64_t> const& labels) {
  return run.step(images, labels).loss;
}
static_assert(fits<net_type, 64, MiB>);
int const units_of_numbers = vit<tiny, policy::slim, cuda, int>::units;
int const units_of_order = vit<tiny, cuda, policy::slim>::units;
int const units_of_misspelt = vit<tiny, misspelt, cuda>::units;
int const units_of_bare = vit<tiny, bare, cuda>::units;
