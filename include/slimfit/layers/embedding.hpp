// SPDX-License-Identifier: MIT
// Token ids to vectors (Devlin et al. 2019): the sum of a word's, a position's and a type's row. The normalisation that
// follows belongs to the first block, see post_norm_block.hpp. Nothing is stashed: the ids are in memory as the batch.
#pragma once

#include <slimfit/kernels/embedding.hpp>
#include <slimfit/kernels/token_rows.hpp>
#include <slimfit/layers/gradient.hpp>

namespace slimfit {

/// The word table's gradient is dense: `Vocabulary x Hidden` while its unit is active, nothing while it is frozen.
template <int Vocabulary, int Positions, int Types, int Hidden, scalar T>
class embedding {
  static_assert(Vocabulary > 0 && Positions > 0 && Types > 0,
                "slimfit: embedding<Vocabulary, Positions, Types, ...>: sizes must be positive");

 public:
  constexpr embedding()
      : words_(make_parameter<T>(parameter_kind::unit, Vocabulary, Hidden)),
        positions_(make_parameter<T>(parameter_kind::unit, Positions, Hidden)),
        types_(make_parameter<T>(parameter_kind::unit, Types, Hidden)) {}

  /// Names follow Hugging Face's BERT.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visitor(words_, name + ".word_embeddings.weight");
    visitor(positions_, name + ".position_embeddings.weight");
    visitor(types_, name + ".token_type_embeddings.weight");
  }

  /// Overwrites `stream` (count * tokens rows).
  /// @param ids per sequence the ids of its tokens' words, then those of their types
  template <class Context>
  constexpr void forward(Context& run, std::int32_t const* ids, index_t count, index_t tokens, T* stream) const {
    run.launch(count * tokens, kernels::embed_tokens<Hidden, T>{word_ids(ids, tokens), type_ids(ids, tokens),
                                                                words_.data, types_.data, positions_.data, stream});
  }

  /// Hands the gradients of the active tables to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, std::int32_t const* ids, index_t count, index_t tokens,
                          T const* stream_gradient) const {
    add_rows(run, words_, word_ids(ids, tokens), count * tokens, stream_gradient);
    add_rows(run, types_, type_ids(ids, tokens), count * tokens, stream_gradient);
    gradient position_gradient(run, positions_);
    if (position_gradient.wanted()) {
      run.launch(tokens,
                 kernels::sum_over_sequences<Hidden, T>{stream_gradient, count, tokens, position_gradient.data()});
      run.device.fill_zero(advance(position_gradient.data(), tokens * Hidden), (Positions - tokens) * Hidden);
    }
    position_gradient.finish();
  }

 private:
  static constexpr kernels::token_ids word_ids(std::int32_t const* ids, index_t tokens) {
    return {ids, tokens, 2 * tokens};
  }
  static constexpr kernels::token_ids type_ids(std::int32_t const* ids, index_t tokens) {
    return {advance(ids, tokens), tokens, 2 * tokens};
  }
  template <class Context>
  static constexpr void add_rows(Context& run, parameter<T> const& table, kernels::token_ids const& ids, index_t rows,
                                 T const* source) {
    gradient sums(run, table);
    if (sums.wanted()) {
      using kernel = kernels::scatter_add_columns<Hidden, T>;
      run.device.fill_zero(sums.data(), table.count());
      run.launch(Hidden / kernel::columns, kernel{ids, source, rows, sums.data()});
    }
    sums.finish();
  }

  parameter<T> words_;
  parameter<T> positions_;
  parameter<T> types_;
};

}  // namespace slimfit
