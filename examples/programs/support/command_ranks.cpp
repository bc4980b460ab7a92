// SPDX-License-Identifier: MIT
#include "command_ranks.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <slimfit/core/error.hpp>
#include <span>
#include <thread>
#include <utility>

#ifdef SLIMFIT_PROGRAMS_ON_RANKS
#include <slimfit/mpi.hpp>
#endif

namespace examples {

namespace {

/// A number that a launcher has put into the environment under one of some names, or `otherwise`.
int number_in_environment(std::initializer_list<char const*> names, int otherwise) {
  for (auto const* const name : names) {
    if (auto const* const text = std::getenv(name)) { return std::max(0, std::atoi(text)); }
  }
  return otherwise;
}

launch read_launch() {
  // Open MPI; MPICH, Intel MPI and others that speak PMI; Slurm's srun with PMIx.
  bool const with_pmix = std::getenv("PMIX_RANK") != nullptr;
  auto const size = number_in_environment(
      {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", with_pmix ? "SLURM_NTASKS" : "OMPI_COMM_WORLD_SIZE"}, 1);
  if (size < 2) { return {}; }
  return {number_in_environment({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}, 0), size,
          std::max(1, number_in_environment({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}, 1))};
}

void tell(std::string const& problem, std::string const& advice) {
  std::fprintf(stderr, "%s\n", problem.c_str());
  if (!advice.empty()) { std::fprintf(stderr, "%s\n", advice.c_str()); }
  std::fflush(stderr);
}

}  // namespace

launch const& launched() {
  static auto const known = read_launch();
  return known;
}

void note(std::string const& text) {
  if (launched().rank == 0) { std::fprintf(stderr, "%s\n", text.c_str()); }
}

int threads_of_rank(int chosen) {
  if (chosen > 0 || launched().on_this_machine < 2) { return chosen; }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / launched().on_this_machine);
}

#ifdef SLIMFIT_PROGRAMS_ON_RANKS

namespace {

constexpr std::size_t problem_bytes = 2000;

/// What a rank cannot go on by.
struct last_words {
  std::int32_t elsewhere = 0;
  char problem[problem_bytes] = {};
};

template <class T>
std::vector<T> gathered(slimfit::mpi<>& ranks, std::span<T const> mine) {
  std::vector<T> all(mine.size() * static_cast<std::size_t>(ranks.size()));
  ranks.gather(std::as_bytes(mine), std::as_writable_bytes(std::span(all)));
  return all;
}

/// What the first rank says of what all of them cannot go on by.
std::string told_by_first(std::vector<last_words> const& all) {
  bool const any_own = std::any_of(all.begin(), all.end(), [](last_words const& each) { return each.elsewhere == 0; });
  std::string text;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    auto const& each = all[rank];
    bool const is_new = std::none_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(rank),
                                     [&](auto const& other) { return std::strcmp(other.problem, each.problem) == 0; });
    if (!is_new || (any_own && each.elsewhere != 0)) { continue; }
    text +=
        (text.empty() ? "" : "\n") + (rank > 0 ? "rank " + std::to_string(rank) + ": " : std::string()) + each.problem;
  }
  return text;
}

}  // namespace

struct command_ranks::connection {
  slimfit::mpi<> ranks;
  slimfit::mpi<> failures{{.time_limit = 3}};  // others are not waited for where they can go on
  bool has_met = false;                        // whether `meet` was called
  bool is_alone = false;                       // whether others can go on
};

command_ranks::command_ranks(bool connects) {
  if (launched().size < 2 && !connects) { return; }
  connection_ = std::make_shared<connection>();
  rank_ = connection_->ranks.rank();
  size_ = connection_->ranks.size();
  if (size_ != launched().size) {
    throw slimfit::value_error(slimfit::mismatch("MPI's number of ranks", size_,
                                                 std::to_string(launched().size) +
                                                     ", as its launcher says: start this "
                                                     "program by the mpirun of the MPI that it was built with"));
  }
  if (rank_ > 0 && std::freopen("/dev/null", "w", stdout) == nullptr) { std::perror("/dev/null"); }
}

command_ranks::~command_ranks() = default;

int command_ranks::most(int mine) const {
  if (size_ < 2) { return mine; }
  auto const all = gathered(connection_->ranks, std::span<int const>(&mine, 1));
  return *std::max_element(all.begin(), all.end());
}

void command_ranks::require_same(std::uint64_t number, std::string const& what) const {
  if (size_ < 2) { return; }
  auto const all = gathered(connection_->ranks, std::span<std::uint64_t const>(&number, 1));
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all.front()) { continue; }
    throw slimfit::value_error("slimfit: rank " + std::to_string(rank) + " has " + what +
                               " other than those of rank 0, expected the same on all ranks");
  }
}

std::vector<float> command_ranks::joined(std::vector<float> mine) const {
  if (size_ < 2) { return mine; }
  auto const own = static_cast<std::int64_t>(mine.size());
  auto const counts = gathered(connection_->ranks, std::span<std::int64_t const>(&own, 1));
  auto const most = static_cast<std::size_t>(*std::max_element(counts.begin(), counts.end()));
  mine.resize(most);
  auto const all = gathered(connection_->ranks, std::span<float const>(mine));
  std::vector<float> result;
  for (std::size_t rank = 0; rank < counts.size(); ++rank) {
    auto const first = all.begin() + static_cast<std::ptrdiff_t>(rank * most);
    result.insert(result.end(), first, first + static_cast<std::ptrdiff_t>(counts[rank]));
  }
  return result;
}

void command_ranks::meet() {
  if (size_ < 2 || std::exchange(connection_->has_met, true)) { return; }
  std::int32_t const fails = 1;
  try {
    gathered(connection_->failures, std::span<std::int32_t const>(&fails, 1));
  } catch (slimfit::communication_error const&) { connection_->is_alone = true; }
}

void command_ranks::end_by(std::string const& problem, bool elsewhere, std::string const& advice) {
  meet();
  if (size_ < 2 || connection_->is_alone) {
    tell((size_ < 2 ? "" : "rank " + std::to_string(rank_) + ": ") + problem, advice);
    if (size_ > 1) { MPI_Abort(MPI_COMM_WORLD, 1); }
    return;
  }
  last_words mine{.elsewhere = elsewhere ? 1 : 0};
  std::strncpy(mine.problem, problem.c_str(), problem_bytes - 1);
  auto const all = gathered(connection_->ranks, std::span<last_words const>(&mine, 1));
  if (is_first()) { tell(told_by_first(all), advice); }
}

#else

struct command_ranks::connection {};

command_ranks::command_ranks(bool /*connects*/) {
  if (launched().size < 2) { return; }
  throw slimfit::value_error(slimfit::mismatch("ranks that this command was started with", launched().size,
                                               "1: this program was built without MPI, see docs/scaling.md"));
}

command_ranks::~command_ranks() = default;

int command_ranks::most(int mine) const { return mine; }
void command_ranks::require_same(std::uint64_t /*number*/, std::string const& /*what*/) const {}
std::vector<float> command_ranks::joined(std::vector<float> mine) const { return mine; }
void command_ranks::meet() {}
void command_ranks::end_by(std::string const& problem, bool /*elsewhere*/, std::string const& advice) {
  tell(problem, advice);
}

#endif

}  // namespace examples
