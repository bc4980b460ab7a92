// SPDX-License-Identifier: MIT
// Combinations of operators' choices: which follow from a table, what they cost, what policies they are.
#include <doctest/doctest.h>
#include <slimfit/plan/operator_choices.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

namespace {

using policy::changed;
using policy::coded_attention;
using policy::coded_gelu;
using policy::coded_norms;
using policy::exact;
using policy::unchanged;

// Saves 40 bytes for a squared error of 100, then 20 more for 300 more; the last choice saves nothing beside the
// second.
using norms =
    operator_choices<operator_choice<unchanged, 0, 0, 0, 0>, operator_choice<coded_norms<8>, -40, 0, 10, 6>,
                     operator_choice<coded_norms<4>, -60, 0, 20, 11>, operator_choice<coded_norms<2>, -40, 0, 15, 0>>;
// Saves 100 bytes for 400, but where everything is active only 10.
using gelu = operator_choices<operator_choice<unchanged, 0, 0, 0, 0>, operator_choice<coded_gelu<4>, -100, 90, 20, 8>>;
using halves = policy::with_blocks<blocks::recompute_share<50>>;
using table =
    choice_table<exact, freezing_rates<0, 90>,
                 blocks_choices<blocks_choice<unchanged, 9, 0, 100, 70>, blocks_choice<halves, 3, 5, 120, 95>>, norms,
                 gelu>;

template <int Norms, int Gelu, class Block>
using combined = changed<exact, typename norms::at<Norms>::change, typename gelu::at<Gelu>::change, Block>;

/// With nothing frozen GELU's choice costs 400 / 10 a byte: after both steps of norms (100 / 40 and 300 / 20). With 90
/// % frozen it costs 400 / 91 and comes between them.
using expected =
    candidates<candidate<combined<0, 0, unchanged>, 0, 0, 100>, candidate<combined<1, 0, unchanged>, 0, 10, 100>,
               candidate<combined<2, 0, unchanged>, 0, 20, 101>, candidate<combined<2, 1, unchanged>, 0, 28, 101>,
               candidate<combined<0, 0, halves>, 0, 5, 120>, candidate<combined<1, 0, halves>, 0, 11, 120>,
               candidate<combined<2, 0, halves>, 0, 21, 121>, candidate<combined<0, 0, unchanged>, 90, 0, 70>,
               candidate<combined<1, 0, unchanged>, 90, 10, 70>, candidate<combined<1, 1, unchanged>, 90, 22, 71>,
               candidate<combined<2, 1, unchanged>, 90, 28, 71>, candidate<combined<0, 0, halves>, 90, 5, 95>,
               candidate<combined<1, 0, halves>, 90, 11, 95>, candidate<combined<1, 1, halves>, 90, 23, 96>>;
static_assert(std::is_same_v<candidates_of<table>, expected>);

/// All that the presets have in common with the combination of their choices.
template <class A, class B>
constexpr bool keep_the_same = std::is_same_v<typename A::norm, typename B::norm>&&
    std::is_same_v<typename A::gelu, typename B::gelu>&& std::is_same_v<typename A::attention, typename B::attention>&&
        std::is_same_v<typename A::linear_input, typename B::linear_input>&&
            std::is_same_v<typename A::wide_linear_input, typename B::wide_linear_input>&&
                std::is_same_v<typename A::attention_output, typename B::attention_output>&&
                    std::is_same_v<typename A::blocks, typename B::blocks>;
static_assert(keep_the_same<changed<exact, coded_norms<4>, coded_gelu<4>, coded_attention<8>>, policy::slim>);
static_assert(keep_the_same<changed<exact, coded_attention<8>, coded_gelu<2>, coded_norms<2>>, policy::slim_2bit>);
static_assert(keep_the_same<changed<exact, halves>, policy::exact_half_recomputed>);
static_assert(keep_the_same<changed<exact, unchanged>, exact>);

}  // namespace

TEST_CASE("choices: of several changes of an operator the last one holds") {
  CHECK(keep_the_same<changed<exact, coded_norms<4>, coded_norms<8>>, changed<exact, coded_norms<8>>>);
  CHECK_FALSE(keep_the_same<changed<exact, coded_norms<4>>, changed<exact, coded_norms<8>>>);
}
