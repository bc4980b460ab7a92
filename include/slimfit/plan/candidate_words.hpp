// SPDX-License-Identifier: MIT
// What a candidate of `fit` is called, in words and in C++.
#pragma once

#include <string>

#include <slimfit/core/type_name.hpp>
#include <slimfit/policy/changes.hpp>
#include <slimfit/policy/presets.hpp>

namespace slimfit {

/// A candidate's policy in words and in C++.
struct candidate_words {
  std::string text;  ///< e.g. "norms 4 bits, GELU 4 bits"
  std::string code;  ///< the type
};

namespace detail {

inline candidate_words words_of(policy::unchanged /*change*/) { return {}; }
template <int Bits>
candidate_words words_of(policy::coded_norms<Bits> /*change*/) {
  return {"norms " + std::to_string(Bits) + " bits", "coded_norms<" + std::to_string(Bits) + ">"};
}
template <int Bits>
candidate_words words_of(policy::coded_gelu<Bits> /*change*/) {
  return {"GELU " + std::to_string(Bits) + " bits", "coded_gelu<" + std::to_string(Bits) + ">"};
}
template <int Bits>
candidate_words words_of(policy::coded_attention<Bits> /*change*/) {
  return {"attention " + std::to_string(Bits) + " bits", "coded_attention<" + std::to_string(Bits) + ">"};
}
template <int Percent>
candidate_words words_of(policy::with_blocks<blocks::recompute_share<Percent>> /*change*/) {
  auto const share = std::to_string(Percent);
  return {share + " % of blocks recomputed", "with_blocks<slimfit::blocks::recompute_share<" + share + ">>"};
}
template <int Percent, int Bits, int Group>
candidate_words words_of(
    policy::with_blocks<blocks::recompute_share<Percent, stash::quantized<format::affine<Bits, Group>>>> /*change*/) {
  auto const share = std::to_string(Percent);
  auto const bits = std::to_string(Bits);
  return {share + " % of blocks recomputed from " + bits + " bits",
          "with_blocks<slimfit::blocks::recompute_share<" + share +
              ", slimfit::stash::quantized<slimfit::format::affine<" + bits + ", " + std::to_string(Group) + ">>>>"};
}

}  // namespace detail

/// Of a policy of one's own: its type's name.
template <class Policy>
candidate_words words_of(Policy /*policy*/) {
  return {type_name<Policy>(), type_name<Policy>()};
}
/// Of a policy that changes `policy::exact`.
template <class... Changes>
candidate_words words_of(policy::changed<policy::exact, Changes...> /*policy*/) {
  candidate_words all{"exact", "slimfit::policy::changed<slimfit::policy::exact"};
  bool changed = false;
  for (auto const& each : {detail::words_of(Changes{})...}) {
    if (each.text.empty()) { continue; }
    all.text = changed ? all.text + ", " + each.text : each.text;
    all.code += ", slimfit::policy::" + each.code;
    changed = true;
  }
  all.code += '>';
  return all;
}

}  // namespace slimfit
