// SPDX-License-Identifier: MIT
// Before a pass all ranks make sure that they are about to do the same, and learn where their samples lie in the batch
// of all. What one of them cannot do none begins.
#pragma once

#include <algorithm>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <slimfit/communication/batch_share.hpp>
#include <slimfit/core/error.hpp>
#include <slimfit/core/philox.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/freezing/active_set.hpp>

namespace slimfit {

/// Where a rank's samples lie in the batch of all ranks.
struct batch_place {
  index_t samples = 0;  ///< of the ranks before
  index_t rows = 0;     ///< theirs
  index_t tokens = 0;   ///< of the longest sequence of all
  index_t all = 0;      ///< samples of all ranks

  [[nodiscard]] sequence_batch of(sequence_batch const& own) const { return own.after(samples, rows, tokens); }
};

namespace detail {
/// FNV-1a (Fowler, Noll and Vo) over words.
constexpr std::uint64_t add_to_hash(std::uint64_t hash, std::uint64_t word) {
  for (unsigned byte = 0; byte < 8; ++byte) { hash = (hash ^ ((word >> (8U * byte)) & 0xFFU)) * 0x100000001B3U; }
  return hash;
}
}  // namespace detail

/// What a pass is about to do.
struct pass_purpose {
  active_set const& active;
  step_numbers numbers;
  index_t iteration;
  bool records;  ///< see trainer_options
};

/// What all ranks must be about to do: a hash of the units that are active, of the step's number and of all that it
/// draws random numbers by.
constexpr std::uint64_t fingerprint(pass_purpose const& purpose) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (auto const word : purpose.active.words) { hash = detail::add_to_hash(hash, word); }
  hash = detail::add_to_hash(hash, purpose.numbers.seed);
  hash = detail::add_to_hash(hash, purpose.records ? 1 : 0);
  return detail::add_to_hash(hash, static_cast<std::uint64_t>(purpose.iteration));
}

/// @tparam Messages `rank_messages`
template <class Messages>
class rank_agreement {
 public:
  explicit rank_agreement(Messages const& messages) : messages_(messages) {}

  /// @param purpose a `fingerprint`
  /// @param arrange checks a batch and returns its sequences
  /// @param prepare makes their memory, `prepare(place)`
  /// @throws what they throw; communication_error where they do so on another rank, or its purpose is another one
  template <class Arrange, class Prepare>
  batch_place reach(std::uint64_t purpose, Arrange const& arrange, Prepare const& prepare) {
    proposal mine{.purpose = purpose};
    auto problem = problem_of([&] {
      sequence_batch const own = arrange();
      mine.samples = own.count();
      mine.rows = own.rows();
      mine.tokens = own.tokens();
    });
    mine.can = !problem;
    auto const all = exchange(mine, problem);
    auto const place = place_in(all);
    problem = problem_of([&] { prepare(place); });
    mine.can = !problem;
    exchange(mine, problem);
    return place;
  }
  /// @throws communication_error where another rank is about to do something else
  void confirm(std::uint64_t purpose) { exchange({.purpose = purpose}, nullptr); }
  /// @param right the rank's samples, @param first number of the first it was given, @param enough for all
  /// @throws shape_error on every rank unless those of all ranks are right
  void require_parts(batch_share const& right, index_t first, bool enough) {
    std::int32_t const fits = enough && right.first == first ? 1 : 0;
    auto const all = messages_.gather(fits);
    if (std::find(all.begin(), all.end(), 0) == all.end()) { return; }
    throw shape_error(
        "slimfit: trainer: the samples of the ranks are not whole shards of the batch, expected at least one sample of "
        "each "
        "shard, and of each rank those that share_of_rank<fixed_tree<...>> says");
  }

 private:
  struct proposal {
    std::uint64_t purpose = 0;
    index_t samples = 0;
    index_t rows = 0;
    index_t tokens = 0;
    index_t can = 1;  ///< whether the rank can do its part
  };

  template <class Body>
  static std::exception_ptr problem_of(Body const& body) {
    try {
      body();
      return nullptr;
    } catch (...) { return std::current_exception(); }
  }
  std::vector<proposal> exchange(proposal const& mine, std::exception_ptr const& problem) {
    auto const all = messages_.gather(mine);
    if (problem) { std::rethrow_exception(problem); }
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      auto const name = "rank " + std::to_string(rank);
      if (all[rank].can == 0) {
        throw communication_error("slimfit: trainer: " + name + " cannot take this step; its own error says why");
      }
      if (all[rank].purpose != all.front().purpose) {
        throw communication_error(
            "slimfit: trainer: " + name +
            " is about to take another step than rank 0, expected the same iteration, active units and seed: give all "
            "ranks the same weights, schedule and settings, and continue all from the same file");
      }
    }
    return all;
  }
  [[nodiscard]] batch_place place_in(std::vector<proposal> const& all) const {
    batch_place place;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      bool const is_before = static_cast<int>(rank) < messages_.rank();
      place.samples += is_before ? all[rank].samples : 0;
      place.rows += is_before ? all[rank].rows : 0;
      place.tokens = std::max(place.tokens, all[rank].tokens);
      place.all += all[rank].samples;
    }
    return place;
  }

  Messages messages_;
};

}  // namespace slimfit
