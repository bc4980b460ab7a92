// SPDX-License-Identifier: MIT
// A user's program that has a bit of everything, compiled with a user's warnings. What optimisers see is a part of it,
// because they take long.
#include <slimfit/huggingface.hpp>
#include <slimfit/memory/chrome_trace.hpp>
#include <slimfit/plan/fit.hpp>
#include <slimfit/slimfit.hpp>
#include <slimfit/train/gradient_error.hpp>

namespace user {

#if defined(__CUDACC__)
using device = slimfit::cuda;
#else
using device = slimfit::host;
#endif

constexpr slimfit::vit_shape pictures{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};
constexpr slimfit::bert_shape answers{.vocabulary = 50,
                                      .hidden = 32,
                                      .heads = 4,
                                      .mlp = 64,
                                      .layers = 2,
                                      .tokens = 10,
                                      .head = slimfit::bert_head::span,
                                      .hidden_dropout = 10};

using vit_model = slimfit::vit<pictures, slimfit::policy::slim, device>;
using bert_model = slimfit::bert<answers, slimfit::policy::paper, device, slimfit::bf16>;
using coded_adamw = slimfit::basic_adamw<slimfit::strict, slimfit::moments::bits8>;

}  // namespace user

#if !defined(__OPTIMIZE__)
template class slimfit::trainer<user::vit_model, slimfit::adamw>;
template class slimfit::trainer<user::bert_model, slimfit::clip_global_norm<user::coded_adamw>>;
#endif

namespace user {

double step(slimfit::trainer<vit_model, slimfit::adamw>& run, std::vector<float> const& images,
            std::vector<std::int32_t> const& labels) {
  return run.step(images, labels).loss;
}

#if !defined(__OPTIMIZE__)
void use(vit_model& net, slimfit::trainer<vit_model, slimfit::adamw>& run) {
  slimfit::load(net, "start.safetensors", {.except = {"classifier"}});
  slimfit::load_run(run, "run.safetensors");
  slimfit::save_run(run, "run.safetensors");
  slimfit::load_huggingface(net, "folder");
  slimfit::save_huggingface(net, "folder");
}
#endif

}  // namespace user
