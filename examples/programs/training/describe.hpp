// SPDX-License-Identifier: MIT
// Facts about a model for the report.
#pragma once

#include <nlohmann/json.hpp>
#include <slimfit/backend/counting.hpp>
#include <slimfit/models/model.hpp>

namespace examples {

/// @tparam Model a ViT or a BERT on the host
template <class Model>
nlohmann::json describe(char const* name) {
  constexpr auto shape = Model::shape;
  nlohmann::json facts{{"name", name},     {"hidden", shape.hidden}, {"heads", shape.heads},
                       {"mlp", shape.mlp}, {"layers", shape.layers}, {"parameters", Model::layout.parameters}};
  if constexpr (requires { shape.image; }) {
    facts["image"] = shape.image;
    facts["patch"] = shape.patch;
    facts["channels"] = shape.channels;
    facts["classes"] = shape.classes;
  } else {
    facts["vocabulary"] = shape.vocabulary;
    facts["tokens"] = shape.tokens;
    facts["classes"] = Model::network_type::classes;
  }
  typename Model::network_type network;
  slimfit::bind_parameters(network, nullptr, Model::policy_type::biases);
  auto& names = facts["unit_names"] = nlohmann::json::array();
  network.visit(
      [&](auto const& each, std::string const& own) {
        if (each.kind == slimfit::parameter_kind::unit) { names.push_back(own); }
      },
      std::string{});
  return facts;
}

}  // namespace examples
