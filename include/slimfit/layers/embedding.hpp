// SPDX-License-Identifier: MIT
// Token ids to vectors (Devlin et al. 2019): the sum of a word's, a position's and a type's row. The normalisation that
// follows belongs to the first block, see post_norm_block.hpp. Nothing is stashed: the ids are in memory as the batch.
#pragma once

#include <algorithm>

#include <slimfit/backend/device.hpp>
#include <slimfit/kernels/embedding.hpp>
#include <slimfit/layers/layer.hpp>
#include <slimfit/optim/kernels/update_sums.hpp>
#include <slimfit/pass/gradient.hpp>

namespace slimfit {

/// Gradients of the tables are dense, because an optimizer with moments moves every row. Where gradients are released
/// they come in parts of a few rows, so that none of them is in memory whole.
template <int Vocabulary, int Positions, int Types, int Hidden, scalar T>
class embedding {
  static_assert(Vocabulary > 0 && Positions > 0 && Types > 0,
                "slimfit: embedding<Vocabulary, Positions, Types, ...>: sizes must be positive");

 public:
  using value_type = T;
  using input_type = std::int32_t;

  /// Rows of a table whose gradient is in memory at the same time, where gradients are released: about as much as that
  /// of an MLP's weight, in whole blocks of the optimizer.
  static constexpr index_t rows_at_once =
      round_up(4 * index_t{Hidden}, update_block / std::min<index_t>(Hidden & -Hidden, update_block));

  /// @param padding the word whose gradient is 0 wherever it stands, as in PyTorch; negative: there is none
  constexpr explicit embedding(index_t padding = -1)
      : padding_(padding),
        words_(make_parameter<T>(parameter_kind::unit, Vocabulary, Hidden)),
        positions_(make_parameter<T>(parameter_kind::unit, Positions, Hidden)),
        types_(make_parameter<T>(parameter_kind::unit, Types, Hidden)) {}

  /// Names follow Hugging Face's BERT.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visitor(words_, name + ".word_embeddings.weight");
    visitor(positions_, name + ".position_embeddings.weight");
    visitor(types_, name + ".token_type_embeddings.weight");
  }

  /// Overwrites the output (all rows of the batch).
  /// @param ids of the words of all rows, then those of their types, then their positions
  template <class Context>
  constexpr void forward(Context& run, sequence_batch const& batch, input_type const* ids,
                         forward_results<T> const& out) const {
    auto const range = run.range("embeddings");
    run.launch(batch.rows(), kernels::embed_tokens<Hidden, T>{ids_of(ids, batch), words_.data, types_.data,
                                                              positions_.data, out.output});
  }

  /// Hands the gradients of the active tables to the context's updates.
  template <class Context>
  constexpr void backward(Context& run, sequence_batch const& batch, input_type const* ids,
                          backward_operands<T> const& above) const {
    auto const range = run.range("embeddings");
    auto const each = ids_of(ids, batch);
    index_t const rows = batch.rows();
    add_rows(run, words_, each.words, rows, above.output_gradient, padding_);
    add_rows(run, types_, each.types, rows, above.output_gradient, -1);
    add_rows(run, positions_, each.positions, rows, above.output_gradient, -1);
  }

 private:
  static constexpr kernels::token_ids ids_of(input_type const* ids, sequence_batch const& batch) {
    return {ids, advance(ids, batch.rows()), advance(ids, 2 * batch.rows())};
  }
  template <class Context>
  static constexpr void add_rows(Context& run, parameter<T> const& table, std::int32_t const* ids, index_t rows,
                                 T const* source, index_t untrained) {
    if (!run.is_active(table.unit)) { return; }
    auto const scatter = [&](T* sums, index_t first, index_t count) {
      run.device.fill_zero(sums, count * Hidden);
      using kernel = kernels::scatter_add_columns<Hidden, T>;
      if constexpr (device_traits<typename Context::device_type>::runs_many_groups) {
        // Rows of small tables get contributions from many tokens: several teams share one.
        constexpr index_t small = 1024;
        if (count <= small) {
          using narrow = kernels::gather_add_rows<Hidden, kernel::columns, T>;
          run.launch(count * (Hidden / kernel::columns), narrow{ids, source, rows, sums, first});
        } else {
          run.launch(count, kernels::gather_add_rows<Hidden, Hidden, T>{ids, source, rows, sums, first});
        }
      } else {
        run.launch(Hidden / kernel::columns, kernel{ids, source, rows, sums, first, count});
      }
      if (untrained >= first && untrained < first + count) {
        run.device.fill_zero(advance(sums, (untrained - first) * Hidden), Hidden);
      }
    };
    index_t const all = table.shape[0];
    if constexpr (Context::updates_type::takes_parts) {
      index_t const most = std::min(rows_at_once, all);
      scratch_buffer<T> const sums(run.memory, most * Hidden, category::gradients);
      for (index_t first = 0; first < all; first += most) {
        index_t const count = std::min(most, all - first);
        scatter(sums.data(), first, count);
        run.updates.apply_part(table, sums.data(), first * Hidden, count * Hidden);
      }
    } else {
      gradient sums(run, table);
      scatter(sums.data(), 0, all);
      sums.finish();
    }
  }

  index_t padding_;
  parameter<T> words_;
  parameter<T> positions_;
  parameter<T> types_;
};

}  // namespace slimfit
