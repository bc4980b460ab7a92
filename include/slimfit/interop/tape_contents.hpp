// SPDX-License-Identifier: MIT
// What a forward pass leaves on the tape, matrix by matrix, as JSON.
#pragma once

#include <string>
#include <vector>

#include <slimfit/io/json_string.hpp>
#include <slimfit/memory/record.hpp>

namespace slimfit::interop {

/// To be given to `ledger::record` before a forward pass.
class tape_contents final : public memory_observer {
 public:
  void start(byte_counts const& /*held*/) noexcept override {}
  void enter(char const* /*name*/, int /*number*/) noexcept override {}
  void leave() noexcept override {}
  void name_matrix(described_matrix const& matrix) noexcept override { current_ = matrix; }
  void change(category purpose, index_t bytes) noexcept override {
    bool const kept = purpose == category::static_activations || purpose == category::dynamic_activations;
    if (!kept || bytes <= 0) { return; }
    try {
      // Codes and their scales are one matrix.
      if (parts_.empty() || parts_.back().name != current_.name) {
        parts_.push_back({current_.name, form_text(current_.form), purpose, 0});
      }
      parts_.back().bytes += bytes;
    } catch (std::bad_alloc const&) { is_complete_ = false; }
  }
  void forward_ended() noexcept override {}

  /// `[{"name": ..., "form": ..., "static": true, "bytes": ...}, ...]`. @throws memory_error where it is not complete
  [[nodiscard]] std::string json() const {
    if (!is_complete_) { throw memory_error("slimfit: layer library: no memory for what lies on the tape"); }
    std::string text = "[";
    for (auto const& each : parts_) {
      text += (text.size() > 1 ? ",{" : "{") + ("\"name\":" + slimfit::detail::json_string(each.name)) +
              ",\"form\":" + slimfit::detail::json_string(each.form) +
              ",\"static\":" + (each.purpose == category::static_activations ? "true" : "false") +
              ",\"bytes\":" + std::to_string(each.bytes) + "}";
    }
    return text + "]";
  }

 private:
  struct part {
    std::string name;
    std::string form;
    category purpose;
    index_t bytes;
  };

  described_matrix current_;
  std::vector<part> parts_;
  bool is_complete_ = true;
};

}  // namespace slimfit::interop
