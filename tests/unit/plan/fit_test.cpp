// SPDX-License-Identifier: MIT
// The choice for a budget: the least error that fits, at the very byte.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim/sgd.hpp>
#include <slimfit/plan/fit.hpp>

using namespace slimfit;

namespace {

constexpr vit_shape small_vit{
    .image = 24, .patch = 4, .channels = 3, .hidden = 64, .heads = 4, .mlp = 256, .layers = 3, .classes = 5};
template <class Policy>
using network = vit<small_vit, Policy, host>;
constexpr index_t batch = 16;

using dense = candidate<policy::eager, 0, 0, 100>;
using rebuilding = candidate<policy::exact, 0, 0, 110>;
using coded = candidate<policy::slim, 0, 500, 110>;
using mostly_frozen = candidate<policy::slim, 75, 500, 90>;
using sparse = candidate<policy::slim_2bit, 95, 2000, 80>;
// The order in the list says nothing.
using choices = candidates<sparse, mostly_frozen, rebuilding, coded, dense>;

template <class Candidate>
constexpr index_t peak = plan<network<typename Candidate::policy_type>>(batch).peak();
static_assert(peak<dense> > peak<rebuilding>);
static_assert(peak<rebuilding> > peak<coded>);
static_assert(peak<coded> > peak<mostly_frozen>);
static_assert(peak<mostly_frozen> > peak<sparse>);

template <index_t Budget>
using choice = typename fit<network, Budget, batch, choices>::candidate_type;

/// The best of the measured candidates that fit, by looking at all of them.
template <template <class> class Model, class... Candidates>
std::pair<double, index_t> best(index_t budget, index_t samples, candidates<Candidates...> /*all*/) {
  std::pair<double, index_t> result{2, 0};
  auto const consider = [&]<class Candidate>(std::type_identity<Candidate>) {
    auto const bytes =
        memory_plan<Model<typename Candidate::preset>>(samples)
            .bound(Model<typename Candidate::preset>::units -
                   freezing::run_time_rate(Candidate::rate).frozen(Model<typename Candidate::preset>::units, 0))
            .peak();
    if (bytes <= budget && Candidate::step_error_squared < result.first) {
      result = {Candidate::step_error_squared, bytes};
    }
  };
  (consider(std::type_identity<Candidates>{}), ...);
  return result;
}

}  // namespace

TEST_CASE("fit: the least error that fits, to the byte") {
  CHECK(std::is_same_v<choice<peak<dense>>, dense>);  // as exact as `rebuilding`, and faster
  CHECK(std::is_same_v<choice<peak<dense> - 1>, rebuilding>);
  CHECK(std::is_same_v<choice<peak<rebuilding>>, rebuilding>);
  CHECK(std::is_same_v<choice<peak<rebuilding> - 1>, coded>);
  CHECK(std::is_same_v<choice<peak<coded> - 1>, mostly_frozen>);
  CHECK(std::is_same_v<choice<peak<mostly_frozen> - 1>, sparse>);
  CHECK(std::is_same_v<choice<peak<sparse>>, sparse>);

  using chosen = fit<network, peak<coded>, batch, choices>;
  CHECK(chosen::peak == peak<coded>);
  CHECK(std::derived_from<chosen::policy_type, policy::slim>);
  CHECK(std::is_same_v<chosen::model_type, network<chosen::policy_type>>);
  CHECK(fit<network, 1 * GiB, batch, choices, sgd>::peak < peak<dense>);
}

TEST_CASE("fit: of candidates that are quick enough") {
  CHECK(std::is_same_v<candidates_within<choices, 110>, choices>);
  CHECK(std::is_same_v<candidates_within<choices, 100>, candidates<sparse, mostly_frozen, dense>>);
  CHECK(std::is_same_v<candidates_within<choices, 80>, candidates<sparse>>);
  CHECK(std::is_same_v<typename fit<network, peak<dense> - 1, batch, candidates_within<choices, 100>>::candidate_type,
                       mostly_frozen>);
}

TEST_CASE("fit: a policy of a candidate freezes what the candidate says") {
  constexpr index_t units = network<policy::slim>::units;
  CHECK(mostly_frozen::policy_type::freezing{}.most_active(units) == units - units * 75 / 100);
  CHECK(sparse::policy_type::freezing{}.most_active(units) == units - units * 95 / 100);
  CHECK(coded::policy_type::freezing{}.most_active(units) == units);
}

TEST_CASE("fit: the error of a step counts what is frozen whole") {
  CHECK(dense::step_error_squared == 0);
  CHECK(coded::step_error_squared == doctest::Approx(0.0025));
  CHECK(mostly_frozen::step_error_squared == doctest::Approx(0.75 + 0.25 * 0.0025));
}

TEST_CASE("fit: of the measured candidates too") {
  constexpr index_t samples = 4;
  constexpr index_t most = fit<network, 1 * GiB, samples>::peak;
  constexpr index_t budget = most * 8 / 10;
  using found = fit<network, budget, samples>;
  auto const [error, bytes] = best<network>(budget, samples, candidates_of<measured_choices>{});
  CHECK(found::candidate_type::step_error_squared == error);
  CHECK(found::peak == bytes);
  CHECK(best<network>(1 * GiB, samples, candidates_of<measured_choices>{}).first == 0);
}
