// SPDX-License-Identifier: MIT
// Who takes memory and when: every change of a ledger while it is recorded, with the place in the network that was at
// work and, on the tape, the matrix that is kept. Answers who holds what at the peak, and what a trace shows.
#pragma once

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/core/clock.hpp>
#include <slimfit/memory/observer.hpp>

namespace slimfit {

/// What memory on the tape holds.
struct kept_matrix {
  std::string name;        ///< e.g. "GELU"
  std::string form;        ///< in which form it is kept, e.g. "derivative, 4 bits"
  std::vector<int> units;  ///< active units without which it would not be kept; empty: it always is
  friend bool operator==(kept_matrix const&, kept_matrix const&) = default;
};

/// What memory was taken for.
struct memory_label {
  std::string pass;   ///< outermost range: "forward" or "backward"; what it is where it was taken outside a pass
  std::string place;  ///< ranges within it, e.g. "block 3, attention"; empty: none
  kept_matrix matrix{};

  /// e.g. "block 3: GELU, derivative, 4 bits" or "block 3, attention, backward".
  [[nodiscard]] std::string text() const {
    if (matrix.name.empty()) { return place.empty() ? pass : place + ", " + pass; }
    std::string const what = matrix.form.empty() ? matrix.name : matrix.name + ", " + matrix.form;
    return place.empty() ? what : place + ": " + what;
  }
  friend bool operator==(memory_label const&, memory_label const&) = default;
};

/// What one label holds.
struct memory_holder {
  memory_label label;
  category purpose = category::workspace;
  index_t bytes = 0;
};

struct memory_event {
  enum class kind : unsigned char { range_begin, range_end, change, forward_end };
  kind what = kind::change;
  category purpose = category::workspace;
  std::size_t text = 0;  ///< of a range's beginning, its name; of memory taken, its label
  index_t bytes = 0;     ///< negative: given back
  double seconds = 0;    ///< since the recording began
};

/// A form in words, e.g. "normalised rows, 4 bits, scale and zero per 64".
inline std::string form_text(kept_form const& form) {
  std::string words = *form.role == '\0' ? "" : std::string(form.role) + ", ";
  if (form.largest_percent > 0) {
    words += "largest " + std::to_string(form.largest_percent) + " % of each " + form.largest_of + " in ";
  }
  words += form.numbers;
  if (form.bits > 0) { words += std::to_string(form.bits) + (form.bits == 1 ? " bit" : " bits"); }
  if (form.scale_group > 0) {
    words += form.scales == 1   ? ", scale"
             : form.scales == 2 ? ", scale and zero"
                                : ", " + std::to_string(form.scales) + " scales";
    words += " per " + std::to_string(form.scale_group);
  }
  if (form.fixed_range) { words += ", fixed range"; }
  return form.largest_percent > 0 ? words + ", bitmap" : words;
}

/// See `memory_record`. A template, so that only programs that record compile it: compilers keep the functions of every
/// observer that a ledger could have.
template <class = void>
class basic_memory_record : public memory_observer {
 public:
  /// Forgets what was recorded.
  void start(byte_counts const& held) noexcept override {
    *this = {};
    start_ = seconds_now();
    for (int i = 0; i < category_count; ++i) {
      auto const which = static_cast<category>(i);
      if (held[which] != 0) { change(which, held[which]); }
    }
  }

  void enter(char const* name, int number) noexcept override {
    note([&] {
      ranges_.push_back(number < 0 ? std::string(name) : std::string(name) + " " + std::to_string(number));
      label_.reset();
      add(memory_event::kind::range_begin, {}, number_of(names_, ranges_.back()), 0);
    });
  }
  void leave() noexcept override {
    note([&] {
      if (ranges_.empty()) { return; }  // it was entered before the recording began
      ranges_.pop_back();
      label_.reset();
      add(memory_event::kind::range_end, {}, 0, 0);
    });
  }
  void name_matrix(described_matrix const& matrix) noexcept override {
    note([&] {
      label_.reset();
      matrix_ = {matrix.name, form_text(matrix.form), {matrix.units.begin(), matrix.units.begin() + matrix.unit_count}};
    });
  }
  void change(category purpose, index_t bytes) noexcept override {
    note([&] {
      if (ranges_.empty()) {
        add(memory_event::kind::change, purpose, number_of(labels_, outside_passes(purpose)), bytes);
        return;
      }
      if (!label_) { label_ = number_of(labels_, current_label()); }
      add(memory_event::kind::change, purpose, *label_, bytes);
    });
  }
  void forward_ended() noexcept override {
    note([&] { add(memory_event::kind::forward_end, {}, 0, 0); });
  }

  /// False when the record itself ran out of memory: it has what happened before that.
  [[nodiscard]] bool is_complete() const { return complete_; }
  [[nodiscard]] std::vector<memory_event> const& events() const { return events_; }
  [[nodiscard]] std::string const& range_name(memory_event const& event) const { return names_[event.text]; }
  [[nodiscard]] memory_label const& label(memory_event const& event) const { return labels_[event.text]; }

  /// Who held how much when the most memory was in use, largest first. Their sum is the peak.
  [[nodiscard]] std::vector<memory_holder> holders_at_peak() const {
    index_t total = 0;
    index_t most = 0;
    std::size_t end = 0;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      total += events_[i].bytes;
      if (total > most) {
        most = total;
        end = i + 1;
      }
    }
    // Not std::stable_sort: with it the standard library's own use of something deprecated is shown to users of
    // Clang 19.
    std::multimap<index_t, memory_holder> by_bytes;  // by what they lack
    for (auto& each : holders_after(end)) { by_bytes.emplace(-each.bytes, std::move(each)); }
    std::vector<memory_holder> holders;
    for (auto& [bytes, each] : by_bytes) { holders.push_back(std::move(each)); }
    return holders;
  }
  /// What lay on the tape when a forward pass ended, the first that stored most, in the order in which it was kept.
  [[nodiscard]] std::vector<memory_holder> stored() const {
    byte_counts held;
    index_t most = 0;
    std::size_t end = 0;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      held[events_[i].purpose] += events_[i].bytes;
      if (events_[i].what == memory_event::kind::forward_end && held.stored() > most) {
        most = held.stored();
        end = i;
      }
    }
    auto holders = holders_after(end);
    std::erase_if(holders, [](memory_holder const& each) {
      return each.purpose != category::static_activations && each.purpose != category::dynamic_activations;
    });
    return holders;
  }

 private:
  template <class Body>
  void note(Body const& body) noexcept {
    if (!complete_) { return; }
    try {
      body();
    } catch (std::bad_alloc const&) { complete_ = false; }
  }
  template <class T>
  static std::size_t number_of(std::vector<T>& known, T const& value) {
    auto const found = std::find(known.begin(), known.end(), value);
    auto const number = static_cast<std::size_t>(found - known.begin());
    if (found == known.end()) { known.push_back(value); }
    return number;
  }
  void add(memory_event::kind what, category purpose, std::size_t text, index_t bytes) {
    events_.push_back({what, purpose, text, bytes, seconds_now() - start_});
  }
  /// What is taken outside of passes stays longer than they do.
  static memory_label outside_passes(category purpose) {
    constexpr std::array<char const*, category_count> names{
        "weights", "gradients", "moments", "stored before", "stored before", "held by backend and optimizer", "batch"};
    return {names[static_cast<std::size_t>(purpose)], {}, {}};
  }
  [[nodiscard]] memory_label current_label() const {
    memory_label result{ranges_.front(), {}, matrix_};
    for (std::size_t i = 1; i < ranges_.size(); ++i) { result.place += (i > 1 ? ", " : "") + ranges_[i]; }
    return result;
  }
  /// Who holds memory when the first `count` events have happened, in the order in which it was taken first. Memory of
  /// one category is given back newest first, as tape and scratch do.
  [[nodiscard]] std::vector<memory_holder> holders_after(std::size_t count) const {
    struct piece {
      std::size_t label;
      category purpose;
      index_t bytes;
    };
    std::vector<piece> pieces;
    for (std::size_t i = 0; i < count; ++i) {
      auto const& event = events_[i];
      if (event.bytes > 0) { pieces.push_back({event.text, event.purpose, event.bytes}); }
      index_t left = -event.bytes;
      for (std::size_t k = pieces.size(); k-- > 0 && left > 0;) {
        if (pieces[k].purpose != event.purpose) { continue; }
        index_t const back = std::min(left, pieces[k].bytes);
        pieces[k].bytes -= back;
        left -= back;
      }
      while (!pieces.empty() && pieces.back().bytes == 0) { pieces.pop_back(); }
    }
    std::vector<memory_holder> holders;
    for (auto const& each : pieces) {
      if (each.bytes == 0) { continue; }
      auto const same = [&](memory_holder const& other) {
        return other.purpose == each.purpose && other.label == labels_[each.label];
      };
      auto const known = std::find_if(holders.begin(), holders.end(), same);
      if (known == holders.end()) {
        holders.push_back({labels_[each.label], each.purpose, each.bytes});
      } else {
        known->bytes += each.bytes;
      }
    }
    return holders;
  }

  double start_ = 0;
  std::vector<memory_event> events_;
  std::vector<std::string> names_;
  std::vector<memory_label> labels_;
  std::vector<std::string> ranges_;  ///< entered and not left
  kept_matrix matrix_;
  bool complete_ = true;
  std::optional<std::size_t> label_;  ///< of what is taken now, where known
};

/// A plan's record counts, a run's shows what happened when.
using memory_record = basic_memory_record<>;

}  // namespace slimfit
