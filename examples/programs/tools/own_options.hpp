// SPDX-License-Identifier: MIT
// Options of slimfit-plan for models and policies that it was not compiled for.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>

#include "../support/option_checks.hpp"
#include "own_plan.hpp"

namespace examples {

/// What the model of one's own is called.
inline constexpr char const* own_name = "own";

struct own_options {
  std::map<std::string, int> sizes;  ///< by option, those that were given
  std::string policy_header;

  /// Whether sizes were given.
  [[nodiscard]] bool has_shape() const { return !sizes.empty(); }
  /// The model's shape: what is not given is as in ViT-B/16 or BERT-base.
  /// @param tokens of the sequences, where they are given
  [[nodiscard]] own_shape shape(std::optional<index_t> tokens) const {
    if (!sizes.contains("--vocabulary") && !sizes.contains("--positions")) {
      slimfit::vit_shape vit;
      take({{"--image", &vit.image}, {"--patch", &vit.patch}, {"--channels", &vit.channels}});
      take_common(vit);
      return vit;
    }
    slimfit::bert_shape bert;
    take({{"--vocabulary", &bert.vocabulary}, {"--positions", &bert.positions}, {"--types", &bert.types}});
    take_common(bert);
    bert.tokens = static_cast<int>(tokens.value_or(std::min(bert.tokens, bert.positions)));
    return bert;
  }

 private:
  void take(std::map<std::string, int*> const& members) const {
    for (auto const& [name, member] : members) {
      if (auto const found = sizes.find(name); found != sizes.end()) { *member = found->second; }
    }
  }
  template <class Shape>
  void take_common(Shape& shape) const {
    take({{"--hidden", &shape.hidden},
          {"--heads", &shape.heads},
          {"--mlp", &shape.mlp},
          {"--layers", &shape.layers},
          {"--classes", &shape.classes}});
  }
};

/// Adds the options; those of a shape exclude `models`.
inline void add_own_options(CLI::App& app, CLI::Option* models, own_options& chosen) {
  constexpr char const* group = "A model of your own (compiled on demand by $CXX, kept in the user's cache)";
  auto const add = [&](char const* name, char const* words) {
    return app
        .add_option_function<int>(
            name, [&chosen, name](int value) { chosen.sizes[name] = value; }, words)
        ->check(checks::whole_number(1, 1'000'000))
        ->group(group)
        ->excludes(models);
  };
  add("--hidden", "Features of a token; what is not given is as in ViT-B/16 or BERT-base");
  add("--heads", "Heads of attention");
  add("--mlp", "Features between the two linears of an MLP");
  add("--layers", "Blocks");
  add("--classes", "Classes of the head");
  auto* const image = add("--image", "ViT: pixels of a side");
  auto* const patch = add("--patch", "ViT: pixels of a patch's side");
  auto* const channels = add("--channels", "ViT: colours of a pixel");
  for (auto* const option :
       {add("--vocabulary", "BERT: words; this option or the next one means BERT"),
        add("--positions", "BERT: rows of the position table"), add("--types", "BERT: kinds of segments")}) {
    option->excludes(image)->excludes(patch)->excludes(channels);
  }
  app.add_option(
         "--policy-header", chosen.policy_header,
         "C++ header with policies of your own, which --policy then names as types, e.g. my_policy; for any model")
      ->group(group);
}

}  // namespace examples
