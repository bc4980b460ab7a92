// SPDX-License-Identifier: MIT
// slimfit-scaling: the tables of docs/scaling.md on machines beyond those at hand.
#include <cstdio>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/plan/plan.hpp>
#include <slimfit/policy/presets.hpp>

#include "../support/moments.hpp"
#include "scaling_model.hpp"

namespace {

using namespace examples;

constexpr index_t batch = 32;  // of a device
constexpr double frozen = 95;
constexpr modelled_machine machine;
constexpr slimfit::vit_shape vit_huge_14{.patch = 14, .hidden = 1280, .heads = 16, .mlp = 5120, .layers = 32};

template <slimfit::vit_shape Shape>
struct of_vit {
  static constexpr double tokens = (Shape.image / Shape.patch) * (Shape.image / Shape.patch) + 1;
  template <class Policy, class T>
  using model = slimfit::vit<Shape, Policy, slimfit::host, T>;
};
template <slimfit::bert_shape Shape>
struct of_bert {
  static constexpr double tokens = Shape.tokens;
  template <class Policy, class T>
  using model = slimfit::bert<Shape, Policy, slimfit::host, T>;
};

/// Calls `row.template operator()<Entry>(name)` for each model.
template <class Row>
void for_each_model(Row const& row) {
  row.template operator()<of_vit<slimfit::shapes::vit_base_16>>("ViT-B/16");
  row.template operator()<of_vit<slimfit::shapes::vit_large_16>>("ViT-L/16");
  row.template operator()<of_vit<vit_huge_14>>("ViT-H/14");
  row.template operator()<of_bert<slimfit::shapes::bert_large_uncased>>("BERT-large");
}

template <class Entry>
void print_traffic(char const* name) {
  for (double const rate : {0.0, frozen}) {
    auto const step =
        model_step<typename Entry::template model<slimfit::policy::slim, float>>(rate, Entry::tokens, batch, machine);
    for (int const devices : {8, 64, 1024}) {
      std::printf("| %s | %.0f %% | %d | %.0f | %.1f | %.1f |", name, rate, devices, step.sent(devices) / 1e6,
                  step.sums, 1e3 * step.seconds);
      for (double const bandwidth : {25e9, 50e9, 400e9}) {
        std::printf(" %.1f |", 1e3 * step.sum_seconds(devices, bandwidth, machine));
      }
      std::printf("\n");
    }
  }
}

/// Peak of one of several ranks in GiB. @param moments see support/moments.hpp
template <class Model>
double peak(index_t samples, double rate, char const* moments) {
  using options = slimfit::across_ranks<chosen_adamw>;
  slimfit::memory_plan<Model, options> const planned(samples, options{adamw_with(moments)});
  auto const active = Model::units - slimfit::freezing::run_time_rate(rate).frozen(Model::units, 0);
  return static_cast<double>(planned.bound(active).peak()) / static_cast<double>(slimfit::GiB);
}

template <class Entry>
void print_memory(char const* name) {
  using exact = typename Entry::template model<slimfit::policy::exact, slimfit::bf16>;
  using slim = typename Entry::template model<slimfit::policy::slim, slimfit::bf16>;
  std::printf("| %s | %.0f |", name, static_cast<double>(exact::layout.parameters) / 1e6);
  for (index_t const samples : {index_t{1}, batch}) { std::printf(" %.1f |", peak<exact>(samples, 0, "float32")); }
  for (index_t const samples : {index_t{1}, batch}) {
    std::printf(" %.1f |", peak<slim>(samples, frozen, "float32-dropped"));
  }
  std::printf("\n");
}

/// Parameters that fill a device of `gibibytes` by their weights in bf16 and moments in float alone, in billions.
double most_parameters(double gibibytes, double active) {
  return gibibytes * static_cast<double>(slimfit::GiB) / (2 + active * 8) / 1e9;
}

}  // namespace

int main() {
  std::printf(
      "| model | frozen | devices | MB sent by each | sums | step, ms | sums, ms at 25 GB/s | at 50 | at 400 |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  for_each_model([]<class Entry>(char const* name) { print_traffic<Entry>(name); });
  std::printf(
      "\n| model | parameters, millions | `exact`, GiB at batch 1 | at 32 | `slim`, 95 %% frozen, GiB at batch 1 | at "
      "32 |\n"
      "|---|---:|---:|---:|---:|---:|\n");
  for_each_model([]<class Entry>(char const* name) { print_memory<Entry>(name); });
  std::printf(
      "\n| memory of a device, GiB | parameters, billions | with 95 %% frozen and their moments dropped |\n"
      "|---:|---:|---:|\n");
  for (double const gibibytes : {24.0, 80.0, 141.0}) {
    std::printf("| %.0f | %.1f | %.1f |\n", gibibytes, most_parameters(gibibytes, 1),
                most_parameters(gibibytes, 1 - frozen / 100));
  }
  return 0;
}
