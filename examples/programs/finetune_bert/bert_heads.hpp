// SPDX-License-Identifier: MIT
// From numbers known when the program runs to shapes known when it is compiled.
#pragma once

#include "bert_run.hpp"

namespace examples {

/// Calls `body.template operator()<shape>()` with the shape of a model and a head.
template <int Model = 0, class Body>
auto with_bert_shape(int model, slimfit::bert_head head, int classes, Body const& body) {
  if constexpr (Model + 1 < bert_model_count) {
    if (model != Model) { return with_bert_shape<Model + 1>(model, head, classes, body); }
  }
  constexpr auto shape = bert_models[Model].shape;
  using slimfit::bert_head;
  switch (head) {
    case bert_head::span:
      return body.template operator()<with_head(shape, bert_head::span, 1)>();
    case bert_head::regression:
      return body.template operator()<with_head(shape, bert_head::regression, 1)>();
    case bert_head::classification:
      break;
  }
  if (classes == 3) { return body.template operator()<with_head(shape, bert_head::classification, 3)>(); }
  return body.template operator()<with_head(shape, bert_head::classification, 2)>();
}

}  // namespace examples
