// SPDX-License-Identifier: MIT
// A body of one's own for half a block: the gated MLP, y = residual + W (f(G x) * (U x)) (Shazeer, arXiv 2002.05202),
// with any activation f. What its gate needs for the backward pass, G x and U x, is kept as `Stash` says.
#pragma once
#include <slimfit/slimfit.hpp>

/// One row of the gate: forward h = f(g) * u; backward g and u become their gradients, h is made again.
template <int Width, slimfit::scalar T, class Activation, class Kept, bool Backward>
struct gate_row {
  static constexpr int width = Width;
  using scalar_type = T;
  Kept kept_gate;
  Kept kept_up;
  T* gate;
  T* up;
  T* hidden;          ///< forward and backward: h
  T const* gradient;  ///< backward: of h

  template <slimfit::lane_group Group>
  SLIMFIT_HD void operator()(Group group, slimfit::index_t row) const {
    auto const values = [&](Kept const& kept, T const* rows) {
      if constexpr (Backward) {
        return kept.restore(group, row);
      } else {
        return slimfit::load<Width>(group, rows + row * Width);
      }
    };
    auto const g = values(kept_gate, gate);
    auto const u = values(kept_up, up);
    if constexpr (Backward) {
      auto const d = slimfit::load<Width>(group, gradient + row * Width);
      auto const slope = [](auto x, auto y, auto dy) { return dy * y * Activation::both(x).derivative; };
      store(group, gate + row * Width, map(slope, g, u, d));
      store(group, up + row * Width, map([](auto x, auto dy) { return dy * Activation::both(x).value; }, g, d));
    } else {
      kept_gate.save(group, row, g);
      kept_up.save(group, row, u);
    }
    store(group, hidden + row * Width, map([](auto x, auto y) { return Activation::both(x).value * y; }, g, u));
  }
};

template <int Hidden, int Width, class Stash, class Activation, slimfit::scalar T>
class gated_mlp : public slimfit::whole_batch<gated_mlp<Hidden, Width, Stash, Activation, T>, T> {
  using input_stash = slimfit::stash::by_state<slimfit::stash::dense, slimfit::stash::none>;
  using gate_stash = slimfit::stash::when_training<Stash>;
  using first_type = slimfit::projections<Hidden, Width, input_stash, T, 2, slimfit::linear_bias::without>;
  using second_type = slimfit::projections<Width, Hidden, slimfit::stash::rebuilt, T, 1, slimfit::linear_bias::without>;
  using kept_gate = typename gate_stash::template kept<T, Width>;

 public:
  using value_type = T;
  using slimfit::whole_batch<gated_mlp, T>::forward;
  using slimfit::whole_batch<gated_mlp, T>::backward;
  struct kept_type {
    typename first_type::kept_type input;
    kept_gate gate;
    kept_gate up;
    slimfit::sequence_batch batch;
    [[nodiscard]] constexpr kept_type part(slimfit::index_t first, slimfit::index_t count) const {
      auto const row = batch.first(first);
      return {input.rows_from(row), gate.rows_from(row), up.rows_from(row), batch.part(first, count)};
    }
  };

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    first_.visit(visitor, name + ".gate", 0);
    first_.visit(visitor, name + ".up", 1);
    second_.visit(visitor, name + ".down");
  }
  template <class Context>
  [[nodiscard]] constexpr kept_type keep(Context& run, slimfit::sequence_batch const& batch) const {
    auto const keep_gate = [&](char const* name, int i) {
      return run.template keep<gate_stash, T, Width>(batch.rows(), {.name = name},
                                                     first_.output_place(slimfit::layer_matrix::gelu, i));
    };
    auto const input = first_.keep(run, batch.rows());
    auto const gate = keep_gate("gate", 0);
    return {input, gate, keep_gate("up", 1), batch};
  }
  template <class Context>
  constexpr void release(Context& run, kept_type const& kept) const {
    gate_stash::release(run.memory, kept.up);
    gate_stash::release(run.memory, kept.gate);
    first_.release(run, kept.input);
  }
  template <class Context>
  constexpr void forward(Context& run, kept_type const& kept, slimfit::forward_operands<T> const& in,
                         slimfit::forward_results<T> const& out) const {
    auto const rows = kept.batch.rows();
    auto const gate = run.template scratch<T>(rows * Width);
    auto const up = run.template scratch<T>(rows * Width);
    first_.save_input(run, kept.input, in.input, rows);
    first_.apply(run, in.input, rows, {.output = gate.data()}, 0);
    first_.apply(run, in.input, rows, {.output = up.data()}, 1);
    launch<false>(run, kept, gate.data(), up.data(), gate.data(), nullptr);
    second_.apply(run, gate.data(), rows, {.output = out.output, .addend = in.residual});
  }

  template <class Updates>
  struct gradients {
    typename first_type::template gradients<Updates> first;
    typename second_type::template gradients<Updates> second;
    template <class Context>
    constexpr gradients(Context& run, gated_mlp const& layer) : first(run, layer.first_), second(run, layer.second_) {}
    template <class Context>
    constexpr void finish(Context& /*run*/, gated_mlp const& /*layer*/) {
      first.finish();
      second.finish();
    }
  };
  template <class Context, class Updates, class Source = slimfit::kept_input>
  constexpr void backward(Context& run, kept_type const& kept, slimfit::backward_operands<T, Source> const& above,
                          slimfit::backward_results<T> const& below, gradients<Updates>& sums) const {
    auto const rows = kept.batch.rows();
    auto const gate = run.template scratch<T>(rows * Width);
    auto const up = run.template scratch<T>(rows * Width);
    auto const hidden = run.template scratch<T>(rows * Width);
    second_.apply_transpose(run, above.output_gradient, rows, hidden.data(), slimfit::update_mode::overwrite);
    launch<true>(run, kept, gate.data(), up.data(), hidden.data(), hidden.data());
    auto const source = slimfit::stash::dense::kept<T, Width>::adopt(hidden.data());
    second_.add_gradients(run, source, {above.output_gradient}, rows, sums.second);
    first_.apply_transpose(run, gate.data(), rows, below.input_gradient, below.mode, 0);
    first_.apply_transpose(run, up.data(), rows, below.input_gradient, slimfit::update_mode::accumulate, 1);
    first_.add_gradients(run, kept.input, {gate.data(), up.data()}, rows, sums.first);
  }

 private:
  template <bool Backward, class Context>
  constexpr void launch(Context& run, kept_type const& kept, T* gate, T* up, T* hidden, T const* gradient) const {
    kept.gate.visit([&]<class Form>(Form const& form) {
      kept.up.visit([&]<class Other>(Other const& other) {
        if constexpr (std::same_as<Form, Other>) {
          if constexpr (Form::restores || !Backward) {
            run.launch(kept.batch.rows(),
                       gate_row<Width, T, Activation, Form, Backward>{form, other, gate, up, hidden, gradient});
          }
        }
      });
    });
  }

  first_type first_;
  second_type second_;
};
