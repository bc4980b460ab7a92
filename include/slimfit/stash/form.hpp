// SPDX-License-Identifier: MIT
// In which form stashes keep a matrix: for records of memory and tables made from them.
#pragma once

#include <slimfit/memory/observer.hpp>
#include <slimfit/stash/activation_stash.hpp>
#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>
#include <slimfit/stash/probability_stash.hpp>
#include <slimfit/stash/pruned.hpp>

namespace slimfit::stash {

namespace detail {

template <scalar T>
constexpr kept_form numbers_form() {
  return {.numbers = std::same_as<T, float> ? "float" : std::same_as<T, double> ? "double" : "16-bit float"};
}
template <class Format>
constexpr kept_form codes_form() {
  kept_form form{.bits = Format::bits};
  if constexpr (requires { Format::scale_group; }) {
    form.scale_group = Format::scale_group;
    form.scales = static_cast<int>(Format::scale_count(Format::scale_group));
  } else if constexpr (requires { Format::elements_per_scale; }) {
    form.scale_group = Format::elements_per_scale;
    form.scales = 1;
  } else {
    form.fixed_range = format::counts_saturation<Format>;
  }
  return form;
}
constexpr kept_form with_role(char const* role, kept_form form) {
  form.role = role;
  return form;
}

/// `of<T>(state)`: the form of a stash type. A type of the user's may have `static constexpr char const* form` instead.
template <class S>
struct form_of_stash {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    if constexpr (requires { kept_form{.numbers = S::form}; }) {
      return {.numbers = S::form};
    } else {
      return {.numbers = "a form of its own"};
    }
  }
};
template <>
struct form_of_stash<dense> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return numbers_form<T>();
  }
};
template <class Format>
struct form_of_stash<quantized<Format>> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return codes_form<Format>();
  }
};
template <class Keep, class Format, class Scope>
struct form_of_stash<pruned<Keep, Format, Scope>> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    auto form = [] {
      if constexpr (std::same_as<Format, format::full>) {
        return numbers_form<T>();
      } else {
        return codes_form<Format>();
      }
    }();
    form.largest_percent = static_cast<int>(100 * Keep::numerator / Keep::denominator);
    form.largest_of = std::same_as<Scope, per_row> ? "row" : "chunk";
    return form;
  }
};
template <statistics Which>
struct form_of_stash<layer_norm_input<Which>> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return with_role("input", numbers_form<T>());
  }
};
template <class S>
struct form_of_stash<layer_norm_normalized<S>> {
  template <scalar T>
  static constexpr kept_form of(unit_state state) {
    return with_role("normalised rows", form_of_stash<S>::template of<T>(state));
  }
};
template <class S, class Activation>
struct form_of_stash<activation_input<S, Activation>> {
  template <scalar T>
  static constexpr kept_form of(unit_state state) {
    return with_role("input", form_of_stash<S>::template of<T>(state));
  }
};
template <class Codebook, class Activation>
struct form_of_stash<activation_derivative<Codebook, Activation>> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return with_role("derivative", codes_form<Codebook>());
  }
};
template <class Active, class Frozen>
struct form_of_stash<by_state<Active, Frozen>> {
  template <scalar T>
  static constexpr kept_form of(unit_state state) {
    return state == unit_state::active ? form_of_stash<Active>::template of<T>(state)
                                       : form_of_stash<Frozen>::template of<T>(state);
  }
};
template <>
struct form_of_stash<probabilities_dense> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return numbers_form<T>();
  }
};
template <class Format>
struct form_of_stash<probabilities_quantized<Format>> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return codes_form<Format>();
  }
};
template <>
struct form_of_stash<probabilities_recomputed> {
  template <scalar T>
  static constexpr kept_form of(unit_state /*state*/) {
    return {.numbers = "log-sum-exp of each row"};
  }
};

}  // namespace detail

/// In which form `S` keeps a matrix of `T` in this state of the unit.
template <class S, scalar T>
constexpr kept_form form_of(unit_state state) {
  return detail::form_of_stash<S>::template of<T>(state);
}

}  // namespace slimfit::stash
