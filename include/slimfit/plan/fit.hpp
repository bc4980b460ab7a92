// SPDX-License-Identifier: MIT
// Chooses a model's policy for a memory budget, at compile time: of all candidates that fit, whatever their schedule
// chooses, the one whose steps have the least error.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <tuple>

#include <slimfit/core/constant_math.hpp>
#include <slimfit/plan/candidate_words.hpp>
#include <slimfit/plan/describe.hpp>
#include <slimfit/plan/measured_candidates.hpp>
#include <slimfit/plan/plan.hpp>

namespace slimfit {

namespace detail {

/// One constant expression each, because compilers limit how long one may take.
template <class Model, class Optimizer, index_t Batch>
inline constexpr plan_ends planned_ends = plan<Model, Optimizer>(Batch).ends();
/// Most bytes at any moment of training `Model` in batches of `Batch` with `Active` of its units.
template <class Model, class Optimizer, index_t Batch, index_t Active>
inline constexpr index_t planned_peak =
    plan<Model, Optimizer>(Batch).bound(Active, planned_ends<Model, Optimizer, Batch>).peak();

/// `planned_peak` of a candidate, planned for its preset, which candidates of other freezing rates share.
template <template <class> class Model, class Candidate, class Optimizer, index_t Batch>
inline constexpr index_t candidate_peak =
    planned_peak<Model<typename Candidate::preset>, Optimizer, Batch,
                 typename Candidate::policy_type::freezing{}.most_active(Model<typename Candidate::preset>::units)>;

/// The largest batch from `Low` on and below `High` that fits, given that `Low` does; 0 always does.
template <template <class> class Model, class Candidate, class Optimizer, index_t Budget, index_t Low, index_t High>
constexpr index_t largest_batch() {
  if constexpr (Low + 1 >= High) {
    return Low;
  } else {
    constexpr index_t middle = (Low + High) / 2;
    if constexpr (candidate_peak<Model, Candidate, Optimizer, middle> <= Budget) {
      return largest_batch<Model, Candidate, Optimizer, Budget, middle, High>();
    } else {
      return largest_batch<Model, Candidate, Optimizer, Budget, Low, middle>();
    }
  }
}

constexpr index_t mebibytes_above(index_t bytes, index_t budget) {
  return bytes > budget ? divide_up(bytes - budget, MiB) : 0;
}

/// The same models with numbers in bf16, where they can have them.
template <template <class> class Model>
struct in_bf16 {
  template <class Policy>
  struct converted {
    using type = Model<Policy>;
  };
  template <class Policy>
  requires requires { typename Model<Policy>::template with_scalar<bf16>; }
  struct converted<Policy> {
    using type = typename Model<Policy>::template with_scalar<bf16>;
  };
  template <class Policy>
  using model = typename converted<Policy>::type;
};

}  // namespace detail

/// What the smallest candidate takes above the budget.
template <index_t MiB>
struct missing_mebibytes {};
/// The largest batch with which it fits; 0: none.
template <index_t Batch>
struct batch_that_fits {};
/// What it takes above the budget with weights and dense activations in bf16.
template <index_t MiB>
struct missing_mebibytes_in_bf16 {};
/// What it takes above the budget with AdamW's moments in 8 bits.
template <index_t MiB>
struct missing_mebibytes_with_bits8 {};

namespace detail {

template <index_t Budget, index_t Batch>
struct checked_fit {
  static_assert(Budget > 0 && Batch > 0,
                "slimfit: fit<Model, Budget, Batch>: Budget, in bytes, and Batch, in samples, must be positive");
};

/// Its template arguments are part of the compiler's message.
template <bool Fits, class Smallest, class Missing, class Batch, class Bf16, class Moments>
struct checked_budget {
  static_assert(
      Fits,
      "slimfit: fit: no candidate fits the budget. checked_budget<...> in this message has the smallest "
      "candidate, the MiB it takes too much (missing_mebibytes), and three remedies: the batch that would fit "
      "(0: none), what would still be missing in bf16, and what with moments::bits8 (0: it fits)");
};

template <class First, class... Rest>
struct candidate_search {
  using all = std::tuple<First, Rest...>;
  static constexpr std::size_t count = 1 + sizeof...(Rest);
  template <std::size_t I>
  using at = std::tuple_element_t<I, all>;

  /// Numbers of the candidates, the best first.
  static constexpr std::array<std::size_t, count> order = [] {
    constexpr double errors[]{First::step_error_squared, Rest::step_error_squared...};
    constexpr double times[]{First::time, Rest::time...};
    auto const is_better = [&](std::size_t a, std::size_t b) {
      return errors[a] < errors[b] || (errors[a] == errors[b] && times[a] < times[b]);
    };
    std::array<std::size_t, count> numbers{};
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t k = i;
      for (; k > 0 && is_better(i, numbers[k - 1]); --k) { numbers[k] = numbers[k - 1]; }
      numbers[k] = i;
    }
    return numbers;
  }();

  template <template <class> class Model, class Optimizer, index_t Batch, std::size_t I>
  static constexpr index_t peak = candidate_peak<Model, at<I>, Optimizer, Batch>;

  /// Number of the best candidate that fits; `count`: none does. Worse ones are not planned.
  template <template <class> class Model, class Optimizer, index_t Batch, index_t Budget, std::size_t Rank = 0>
  static constexpr std::size_t find() {
    if constexpr (Rank == count) {
      return count;
    } else if constexpr (peak<Model, Optimizer, Batch, order[Rank]> <= Budget) {
      return order[Rank];
    } else {
      return find<Model, Optimizer, Batch, Budget, Rank + 1>();
    }
  }
  template <template <class> class Model, class Optimizer, index_t Batch>
  static constexpr std::size_t smallest() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      constexpr index_t peaks[]{peak<Model, Optimizer, Batch, I>...};
      return static_cast<std::size_t>(std::min_element(peaks, peaks + count) - peaks);
    }
    (std::make_index_sequence<count>{});
  }
};

template <class Candidates>
struct search_of;
template <class... Candidates>
struct search_of<candidates<Candidates...>> {
  using type = candidate_search<Candidates...>;
};
template <class Base, class Rates, class Blocks, class... Operators>
struct search_of<choice_table<Base, Rates, Blocks, Operators...>>
    : search_of<candidates_of<choice_table<Base, Rates, Blocks, Operators...>>> {};

/// Fails, with what is missing and what would help in its message.
template <template <class> class Model, index_t Budget, index_t Batch, class Optimizer, class Smallest>
using over_budget =
    checked_budget<false, Smallest,
                   missing_mebibytes<mebibytes_above(candidate_peak<Model, Smallest, Optimizer, Batch>, Budget)>,
                   batch_that_fits<largest_batch<Model, Smallest, Optimizer, Budget, 0, Batch>()>,
                   missing_mebibytes_in_bf16<mebibytes_above(
                       candidate_peak<in_bf16<Model>::template model, Smallest, Optimizer, Batch>, Budget)>,
                   missing_mebibytes_with_bits8<mebibytes_above(
                       candidate_peak<Model, Smallest, basic_adamw<strict, moments::bits8>, Batch>, Budget)>>;

/// The candidate with number `Found`; where there is none, an error.
template <template <class> class Model, index_t Budget, index_t Batch, class Search, class Optimizer, std::size_t Found>
struct chosen {
  using type = typename Search::template at<Found>;
};
template <template <class> class Model, index_t Budget, index_t Batch, class Search, class Optimizer, std::size_t Found>
requires(Found == Search::count) struct chosen<Model, Budget, Batch, Search, Optimizer, Found>
    : over_budget<Model, Budget, Batch, Optimizer,
                  typename Search::template at<Search::template smallest<Model, Optimizer, Batch>()>> {
  using type = typename Search::template at<Search::template smallest<Model, Optimizer, Batch>()>;
};

}  // namespace detail

/// The choice for training in batches of `Batch` with at most `Budget` bytes on the device: weights, moments, data,
/// gradients, what is stored, and workspace. Where nothing fits, the compiler's message says by how much and what would
/// help.
///
///     template <class Policy>
///     using network = slimfit::vit<shape, Policy, slimfit::host>;
///     using choice = slimfit::fit<network, 8 * slimfit::GiB, 32>;
///     choice::model_type net(device);
///
/// @tparam Model      template of models by their policy
/// @tparam Candidates what there is to choose from, `candidates` or a `choice_table`; by default combinations of what
/// operators and blocks can
///                    keep, at five freezing rates, with what bench/candidates.sh measured
/// @tparam Optimizer  options of an optimizer
template <template <class> class Model, index_t Budget, index_t Batch, class Candidates = measured_choices,
          class Optimizer = adamw>
struct fit : private detail::checked_fit<Budget, Batch> {
 private:
  using search = typename detail::search_of<Candidates>::type;

 public:
  /// What was chosen.
  using candidate_type = typename detail::chosen<Model, Budget, Batch, search, Optimizer,
                                                 search::template find<Model, Optimizer, Batch, Budget>()>::type;
  using policy_type = typename candidate_type::policy_type;
  using model_type = Model<policy_type>;
  /// Most bytes at any moment.
  static constexpr index_t peak = detail::candidate_peak<Model, candidate_type, Optimizer, Batch>;

  /// What was chosen, in a sentence and as C++, and the plan of its memory.
  [[nodiscard]] static std::string describe() {
    auto const words = words_of(typename candidate_type::preset{});
    char line[200];
    std::snprintf(line, sizeof line,
                  ", %g %% frozen: %.1f of %.1f MiB, error of a step %.2f %%, time %.2f of eager's\n",
                  candidate_type::rate, static_cast<double>(peak) / static_cast<double>(MiB),
                  static_cast<double>(Budget) / static_cast<double>(MiB),
                  100 * constant::sqrt(candidate_type::step_error_squared), candidate_type::time);
    return words.text + line + words.code + '\n' + slimfit::describe(plan<model_type, Optimizer>(Batch));
  }
};

}  // namespace slimfit
