
// What follows is the same for every model: answers one request of slimfit-plan, in lines of words with tabs between.
#include <slimfit/backend/host.hpp>
#include <slimfit/freezing.hpp>
#include <slimfit/plan/plan.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

using slimfit::index_t;
using model = own_model<own_policy, slimfit::host, own_scalar>;
using adamw = slimfit::basic_adamw<slimfit::drop_if, slimfit::moments::bits8_if>;

void say(char const* name, index_t number) { std::printf("%s\t%lld\n", name, static_cast<long long>(number)); }

void say(char const* name, slimfit::memory_usage const& usage) {
  std::printf("%s", name);
  for (auto const bytes : usage.peak_by_category.by_category) { std::printf("\t%lld", static_cast<long long>(bytes)); }
  for (auto const bytes : {usage.stored, usage.temporary, usage.activations, usage.total, usage.offloaded}) {
    std::printf("\t%lld", static_cast<long long>(bytes));
  }
  std::printf("\n");
}

struct printed_events final : slimfit::memory_observer {
  void start(slimfit::byte_counts const& held) noexcept override {
    std::printf("start");
    for (auto const bytes : held.by_category) { std::printf("\t%lld", static_cast<long long>(bytes)); }
    std::printf("\n");
  }
  void enter(char const* name, int number) noexcept override { std::printf("enter\t%s\t%d\n", name, number); }
  void leave() noexcept override { std::printf("leave\n"); }
  void name_matrix(slimfit::described_matrix const& matrix) noexcept override {
    auto const& form = matrix.form;
    std::printf("matrix\t%s\t%s\t%s\t%d\t%d\t%lld\t%d\t%d\t%s", matrix.name, form.role, form.numbers, form.bits,
                form.scales, static_cast<long long>(form.scale_group), form.fixed_range ? 1 : 0, form.largest_percent,
                form.largest_of);
    for (int i = 0; i < matrix.unit_count; ++i) { std::printf("\t%d", matrix.units[static_cast<std::size_t>(i)]); }
    std::printf("\n");
  }
  void change(slimfit::category purpose, index_t bytes) noexcept override {
    std::printf("change\t%d\t%lld\n", static_cast<int>(purpose), static_cast<long long>(bytes));
  }
  void forward_ended() noexcept override { std::printf("forward_ended\n"); }
};

/// Of one rank, or of one of several.
template <class Optimizer, class Answer>
void with_ranks(bool several, Optimizer const& options, Answer const& answer) {
  if (several) {
    answer(slimfit::across_ranks<Optimizer>{options});
  } else {
    answer(options);
  }
}

void answer_record(index_t batch, index_t tokens, index_t active, bool several) {
  with_ranks(several, slimfit::adamw{}, [&]<class Options>(Options const& options) {
    slimfit::memory_plan<model, Options> const planned(batch, tokens, options);
    auto const units = planned.costliest_units(active);
    say("usage", planned.with(units));
    model::network_type network;
    index_t unit = 0;
    network.visit(
        [&](auto const& each, std::string const& name) {
          if (each.kind != slimfit::parameter_kind::unit) { return; }
          std::printf("unit\t%s\t%d\n", name.c_str(), units.test(unit++) ? 1 : 0);
        },
        std::string{});
    printed_events events;
    planned.record(units, events);
  });
}

/// @param arguments "row" or "record", batch, tokens, percent frozen (below 0: the policy's own), moments, ranks
void answer(char** arguments) {
  index_t const batch = std::stoll(arguments[2]);
  index_t const tokens = std::stoll(arguments[3]);
  double const wanted = std::stod(arguments[4]);
  std::string_view const moments = arguments[5];
  bool const several = std::stoi(arguments[6]) > 1;
  double const own_rate = static_cast<double>(100 - typename own_policy::freezing{}.most_active(100));
  double const rate = wanted < 0 ? own_rate : wanted;
  std::printf("rate\t%.17g\n", rate);
  index_t const active = model::units - slimfit::freezing::run_time_rate(rate).frozen(model::units, 0);
  say("active", active);
  if (std::string_view(arguments[1]) != "row") { return answer_record(batch, tokens, active, several); }
  adamw const chosen{.frozen = {.drops = moments.ends_with("-dropped")},
                     .moments = {.coded = moments.starts_with("8bit")}};
  with_ranks(several, chosen, [&]<class Options>(Options const& options) {
    slimfit::memory_plan<model, Options> const planned(batch, tokens, options);
    say("usage", planned.bound(active));
    say("static", planned.bound(0).stored);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) { return 2; }
  try {
    answer(argv);
  } catch (std::exception const& problem) {
    std::printf("error\t%s\n", problem.what());
    return 1;
  }
  return 0;
}
