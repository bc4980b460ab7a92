// SPDX-License-Identifier: MIT
// In words, in which form stashes keep a matrix: for records of memory and tables made from them.
#pragma once

#include <string>

#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/gelu_stash.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>
#include <slimfit/stash/probability_stash.hpp>
#include <slimfit/stash/pruned.hpp>

namespace slimfit::stash {

namespace detail {

template <scalar T>
std::string number_words() {
  if constexpr (std::same_as<T, float>) {
    return "float";
  } else if constexpr (std::same_as<T, double>) {
    return "double";
  } else {
    return std::to_string(8 * sizeof(T)) + "-bit float";
  }
}

/// e.g. "4 bits, scale and zero per 64".
template <class Format>
std::string format_words() {
  std::string words = std::to_string(Format::bits) + (Format::bits == 1 ? " bit" : " bits");
  if constexpr (requires { Format::scale_group; }) {
    constexpr index_t scales = Format::scale_count(Format::scale_group);
    words += scales == 1 ? ", scale" : scales == 2 ? ", scale and zero" : ", " + std::to_string(scales) + " scales";
    words += " per " + std::to_string(Format::scale_group);
  } else if constexpr (format::counts_saturation<Format>) {
    words += ", fixed range";
  }
  return words;
}

/// `of<T>(state)`: words for a stash type. A type of the user's may have `static std::string form()` instead.
template <class S>
struct form_words {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    if constexpr (requires { S::form(); }) {
      return S::form();
    } else {
      return "a form of its own";
    }
  }
};
template <>
struct form_words<dense> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return number_words<T>();
  }
};
template <class Format>
struct form_words<quantized<Format>> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return format_words<Format>();
  }
};
template <class Keep, class Format, class Scope>
struct form_words<pruned<Keep, Format, Scope>> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    auto const percent = 100 * Keep::numerator / Keep::denominator;
    std::string words = "largest " + std::to_string(percent) + " % of each " +
                        (std::same_as<Scope, per_row> ? "row" : "chunk") + " in ";
    if constexpr (std::same_as<Format, format::full>) {
      words += number_words<T>();
    } else {
      words += format_words<Format>();
    }
    return words + ", bitmap";
  }
};
template <statistics Which>
struct form_words<layer_norm_input<Which>> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return "input, " + number_words<T>();
  }
};
template <class S>
struct form_words<layer_norm_normalized<S>> {
  template <scalar T>
  static std::string of(unit_state state) {
    return "normalised rows, " + form_words<S>::template of<T>(state);
  }
};
template <class S>
struct form_words<gelu_input<S>> {
  template <scalar T>
  static std::string of(unit_state state) {
    return "input, " + form_words<S>::template of<T>(state);
  }
};
template <class Codebook>
struct form_words<gelu_derivative<Codebook>> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return "derivative, " + format_words<Codebook>();
  }
};
template <class Active, class Frozen>
struct form_words<by_state<Active, Frozen>> {
  template <scalar T>
  static std::string of(unit_state state) {
    return state == unit_state::active ? form_words<Active>::template of<T>(state)
                                       : form_words<Frozen>::template of<T>(state);
  }
};
template <>
struct form_words<probabilities_dense> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return number_words<T>();
  }
};
template <class Format>
struct form_words<probabilities_quantized<Format>> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return format_words<Format>();
  }
};
template <>
struct form_words<probabilities_recomputed> {
  template <scalar T>
  static std::string of(unit_state /*state*/) {
    return "log-sum-exp of each row";
  }
};

}  // namespace detail

/// In which form `S` keeps a matrix of `T` in this state of the unit, e.g. "normalised rows, 4 bits, scale and zero per
/// 64".
template <class S, scalar T>
std::string form_of(unit_state state) {
  return detail::form_words<S>::template of<T>(state);
}

}  // namespace slimfit::stash
