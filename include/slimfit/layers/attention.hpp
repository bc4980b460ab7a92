// SPDX-License-Identifier: MIT
// Multi-head softmax attention without its projections. What it keeps is the policy: queries, keys and values in a
// matrix stash, and of the probabilities everything (materialized, as the paper does) or only log-sum-exps (tiled).
#pragma once

#include <slimfit/backend/launch_together.hpp>
#include <slimfit/kernels/center_keys.hpp>
#include <slimfit/kernels/host/attention_engine.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>
#include <slimfit/pass/output_target.hpp>
#include <slimfit/pass/saturation.hpp>
#include <slimfit/policy/attention.hpp>

namespace slimfit {

/// @tparam Policy `attention::materialized<...>` or `attention::tiled<...>`
template <int Hidden, int Heads, class Policy, scalar T>
class attention {
  static_assert(Hidden % Heads == 0, "slimfit: attention<Hidden, Heads, ...>: Hidden must be a multiple of Heads");
  template <class Context>
  using engine = kernels::attention_engine<typename Context::device_type, Heads, Hidden / Heads, T>;

 public:
  static constexpr int head_size = Hidden / Heads;
  using plain_stash = detail::operand_stash_of<typename Policy::operand_stash, head_size>;
  using operand_stash = stash::when_training<plain_stash>;
  using probability_stash = typename Policy::probability_stash;
  using operand_view = typename plain_stash::template kept<T, Hidden>;
  using kept_operand = typename operand_stash::template kept<T, Hidden>;

  /// Everything the backward pass needs besides the gradient.
  struct kept_type {
    std::array<kept_operand, 3> operands;  ///< queries, keys, values
    typename probability_stash::template kept<T> probabilities;

    /// The part from row `row` on, the first of a sequence of `batch`.
    [[nodiscard]] constexpr kept_type from(index_t row, sequence_batch const& batch) const {
      return {{operands[0].rows_from(row), operands[1].rows_from(row), operands[2].rows_from(row)},
              probabilities.rows_from(row * Heads, batch.tokens())};
    }
  };

  /// @param places of queries, keys and values
  template <class Context>
  [[nodiscard]] static constexpr kept_type keep(Context& run, sequence_batch const& batch,
                                                std::array<matrix_place, 3> const& places) {
    auto const state = run.training ? unit_state::active : unit_state::inference;
    auto const operand = [&](char const* name, matrix_place const& place) {
      return run.template keep<operand_stash, T, Hidden>(batch.rows(), {.name = name}, place);
    };
    // Braces keep the order. A loop that assigns to the three makes g++ 12 warn, at -O3, of writes that are not there.
    kept_type kept{{operand("queries", places[0]), operand("keys", places[1]), operand("values", places[2])}, {}};
    recorded_matrix const label(run.memory.record(), [&] {
      return described_matrix{"attention's probabilities", stash::form_of<probability_stash, T>(state)};
    });
    kept.probabilities = probability_stash::template keep<T>(run.memory, batch.rows() * Heads, batch.tokens(), state);
    return kept;
  }
  /// The same for operands that are not rounded at random.
  template <class Context>
  [[nodiscard]] static constexpr kept_type keep(Context& run, sequence_batch const& batch) {
    static_assert(!stash::draws_random<operand_stash>,
                  "slimfit: attention::keep: the operands are rounded at random: pass the matrix_places of queries, "
                  "keys and values behind the batch");
    return keep(run, batch, {});
  }
  template <class Context>
  static constexpr void release(Context& run, kept_type const& kept) {
    probability_stash::template release<T>(run.memory, kept.probabilities);
    for (int i = 2; i >= 0; --i) { operand_stash::release(run.memory, kept.operands[static_cast<std::size_t>(i)]); }
  }

  /// Whether the kernel of the forward pass may save the operands.
  template <class Context>
  static constexpr bool saves_in_forward =
      !Context::counts_only &&
      engine<Context>::template saves_operands<operand_view, typename probability_stash::template kept<T>>;

  /// Overwrites `output`. `operands` are rows of whole sequences; where they lie on the tape already they are not
  /// copied.
  /// @param places as in `keep`: where values are counted that the operands' stashes clip
  template <class Context>
  static constexpr void forward(Context& run, std::array<T*, 3> const& operands, kept_type const& kept,
                                sequence_batch const& batch, T* output,
                                std::array<matrix_place, 3> const& places = {}) {
    if constexpr (Policy::keys == attention_keys::centered) {
      using center_type = kernels::center_keys<Hidden, T>;
      run.launch(center_type::launches(batch.count()), center_type{operands[1], batch.where()});
    }
    if constexpr (saves_in_forward<Context>) {
      if (run.training &&
          engine<Context>::forward_and_save(
              run.device, operands, kept.probabilities, batch, output,
              std::array<operand_view, 3>{kept.operands[0].active, kept.operands[1].active, kept.operands[2].active})) {
        return;
      }
    }
    save(run, operands, kept, batch, places);
    auto const scratch = run.template scratch<T>(engine<Context>::forward_scratch(batch));
    if constexpr (!Context::counts_only) {
      engine<Context>::forward(run.device, operands, kept.probabilities, batch, output, scratch.data());
    }
  }

  /// Saves operands that do not lie on the tape as they are, in one launch unless clipped values are counted.
  template <class Context>
  static constexpr void save(Context& run, std::array<T*, 3> const& operands, kept_type const& kept,
                             sequence_batch const& batch, std::array<matrix_place, 3> const& places) {
    using kernel = kernels::save_rows<Hidden, T, operand_view>;
    std::array<kernel_rows<kernel>, 3> together{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      save_counted(run, kept.operands[i], batch.rows(), places[i], [&](auto const& form) {
        using form_type = std::remove_cvref_t<decltype(form)>;
        if constexpr (form_type::restores && !detail::is_dense_view<form_type>) {
          if constexpr (stash::counts_saturation<form_type>) {
            run.launch(batch.rows(), kernels::save_rows<Hidden, T, form_type>{operands[i], form});
          } else {
            together[count++] = {{operands[i], form}, batch.rows()};
          }
        }
      });
    }
    if (count > 0) { launch_together(run.device, std::span<kernel_rows<kernel> const>(together.data(), count)); }
  }

  /// Whether `backward` may make sums over each sequence's rows of the gradients of queries and values.
  template <class Context>
  static constexpr bool sums_columns =
      engine<Context>::template sums_columns<typename probability_stash::template kept<T>>;
  /// Where it puts them, `sequences x Hidden` each; null: nowhere.
  struct column_sums {
    compute_type<T>* query = nullptr;
    compute_type<T>* value = nullptr;
  };

  /// Overwrites `gradients` of queries, keys and values.
  /// @return whether the sums were made
  template <class Context>
  static constexpr bool backward(Context& run, kept_type const& kept, sequence_batch const& batch,
                                 T const* output_gradient, std::array<T*, 3> const& gradients,
                                 [[maybe_unused]] column_sums const& sums = {}) {
    auto const scratch = run.template scratch<T>(engine<Context>::backward_scratch(batch));
    auto const enqueue = [&](auto const& operands) {
      if constexpr (Context::counts_only) {
        return false;
      } else if constexpr (sums_columns<Context>) {
        return engine<Context>::backward(run.device, operands, kept.probabilities, output_gradient, gradients, batch,
                                         scratch.data(), {}, {sums.query, sums.value});
      } else {
        engine<Context>::backward(run.device, operands, kept.probabilities, output_gradient, gradients, batch,
                                  scratch.data());
        return false;
      }
    };
    if constexpr (engine<Context>::template reads_kept<operand_view>) {
      return enqueue(
          std::array<operand_view, 3>{kept.operands[0].active, kept.operands[1].active, kept.operands[2].active});
    } else {
      index_t const rows = batch.rows();
      auto const restored = run.template scratch<T>(operand_stash::is_dense ? 0 : 3 * rows * Hidden);
      std::array<T const*, 3> operands{};
      for (std::size_t i = 0; i < 3; ++i) {
        kept.operands[i].visit([&](auto const& form) {
          using form_type = std::remove_cvref_t<decltype(form)>;
          if constexpr (detail::is_dense_view<form_type>) {
            operands[i] = form.data;
          } else if constexpr (form_type::restores) {
            T* const target = advance(restored.data(), static_cast<index_t>(i) * rows * Hidden);
            run.launch(rows, kernels::restore_rows<Hidden, T, form_type>{form, target});
            operands[i] = target;
          }
        });
      }
      return enqueue(operands);
    }
  }
};

}  // namespace slimfit
