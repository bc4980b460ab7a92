// SPDX-License-Identifier: MIT
// Token ids to vectors (Devlin et al. 2019): the sum of a word's, a position's and a type's row. The normalisation that
// follows belongs to the first block, see post_norm_block.hpp. Nothing is stashed: the ids are in memory as the batch.
#pragma once

#include <slimfit/kernels/embedding.hpp>
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

  /// Overwrites `stream` (`rows` rows).
  template <class Context>
  constexpr void forward(Context& run, kernels::token_ids const& ids, index_t rows, T* stream) const {
    run.launch(rows, kernels::embed_tokens<Hidden, T>{ids, words_.data, types_.data, positions_.data, stream});
  }

  /// Hands the gradients of the active tables to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, kernels::token_ids const& ids, index_t rows, T const* stream_gradient) const {
    add_rows(run, words_, ids.words, rows, stream_gradient);
    add_rows(run, types_, ids.types, rows, stream_gradient);
    add_rows(run, positions_, ids.positions, rows, stream_gradient);
  }

 private:
  template <class Context>
  static constexpr void add_rows(Context& run, parameter<T> const& table, std::int32_t const* ids, index_t rows,
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
