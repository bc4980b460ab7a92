// SPDX-License-Identifier: MIT
// Records of memory: sums, labels, traces, and that those of plans and of runs say the same.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <slimfit/backend/host.hpp>
#include <slimfit/memory/chrome_trace.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <map>
#include <numeric>
#include <sstream>

using namespace slimfit;

namespace {

constexpr vit_shape small_vit{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 3, .classes = 5};
constexpr bert_shape small_bert{
    .vocabulary = 50, .positions = 16, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .tokens = 12};

index_t sum(std::vector<memory_holder> const& holders) {
  return std::accumulate(holders.begin(), holders.end(), index_t{0},
                         [](index_t all, memory_holder const& each) { return all + each.bytes; });
}
memory_holder const* find(std::vector<memory_holder> const& holders, std::string const& text) {
  auto const found = std::find_if(holders.begin(), holders.end(),
                                  [&](memory_holder const& each) { return each.label.text() == text; });
  return found == holders.end() ? nullptr : &*found;
}
bool same(std::vector<memory_holder> const& a, std::vector<memory_holder> const& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](memory_holder const& x, memory_holder const& y) {
    return x.label.text() == y.label.text() && x.purpose == y.purpose && x.bytes == y.bytes;
  });
}

/// Every other unit.
struct some_units {
  using options = freezing::schedule_options<>;
  static constexpr bool can_be_active(index_t /*unit*/, index_t /*units*/) { return true; }
  [[nodiscard]] freezing::schedule_state<some_units> make_state(index_t units, std::uint64_t seed) const {
    return {*this, units, seed};
  }
  [[nodiscard]] active_set select(freezing::choice_context const& now) const { return of(now.units()); }
  static active_set of(index_t units) {
    active_set active;
    for (index_t unit = 0; unit < units; unit += 2) { active.set(unit); }
    return active;
  }
};

template <class Model>
memory_record plan_record(index_t batch, active_set const& active) {
  memory_record record;
  plan<Model>(batch).record(active, record);
  return record;
}

template <class Model>
void check_sums() {
  for (auto const& active : {active_set::none(), some_units::of(Model::units), active_set::all(Model::units)}) {
    auto const usage = plan<Model>(5).with(active);
    auto const record = plan_record<Model>(5, active);
    CHECK(sum(record.holders_at_peak()) == usage.total);
    CHECK(sum(record.stored()) == usage.stored);
    for (auto const& each : record.stored()) {
      CAPTURE(each.label.text());
      CHECK_FALSE(each.label.matrix.name.empty());
      // What is dynamic is kept for units, all of which are active; the presets' heads keep theirs always.
      bool const is_always_kept =
          each.purpose == category::static_activations || each.label.text().starts_with("head: ");
      CHECK(each.label.matrix.units.empty() == is_always_kept);
      for (int const unit : each.label.matrix.units) { CHECK(active.test(unit)); }
    }
  }
}
struct recomputing : policy::slim {
  using blocks = slimfit::blocks::recompute_lowest<1, stash::quantized<format::affine<8, 64>>>;
};
template <template <class> class Model>
void check_presets() {
  check_sums<Model<policy::eager>>();
  check_sums<Model<policy::paper>>();
  check_sums<Model<policy::exact>>();
  check_sums<Model<policy::slim>>();
  check_sums<Model<policy::slim_3bit>>();
  check_sums<Model<policy::slim_2bit>>();
  check_sums<Model<recomputing>>();
}
template <class Policy>
using vit_of = vit<small_vit, Policy, host>;
template <class Policy>
using bert_of = bert<small_bert, Policy, host>;

}  // namespace

TEST_CASE("record: holders sum to the peak and kept matrices to what is stored, in all presets") {
  check_presets<vit_of>();
  check_presets<bert_of>();
}

TEST_CASE("record: holds what the optimizer does before a step begins") {
  using model = vit_of<policy::slim>;
  auto const check = []<class Optimizer>(Optimizer const& options) {
    memory_plan<model, Optimizer> const planned(5, options);
    auto const active = some_units::of(model::units);
    memory_record record;
    planned.record(active, record);
    CHECK(sum(record.holders_at_peak()) == planned.with(active).total);
    return planned.with(active).total;
  };
  auto const all = check(adamw{});
  CHECK(check(basic_adamw<drop_when_frozen>{}) < all);
  CHECK(check(basic_adamw<strict, moments::bits8_from<256>>{}) < all);
  CHECK(check(accumulated<adamw>{}) > all);
}

TEST_CASE("record: labels say where and in which form") {
  using model = vit_of<policy::slim>;
  auto active = active_set::none();
  constexpr int first_block = 3;    // after the patch embedding's units: class token, positions, projection
  active.set(first_block + 8 + 1);  // the second block's key
  auto const stored = plan_record<model>(2, active).stored();
  index_t const rows = 2 * 10;
  auto const* const gelu = find(stored, "block 1: GELU, derivative, 4 bits");
  REQUIRE(gelu != nullptr);
  CHECK(gelu->purpose == category::static_activations);
  CHECK(gelu->bytes == arena::padded(rows * small_vit.mlp / 2));
  auto const* const keys = find(stored, "block 0: keys, 8 bits, scale per 8");
  REQUIRE(keys != nullptr);
  CHECK(keys->bytes == arena::padded(rows * 32) + arena::padded(rows * 4 * 2));
  auto const* const norm = find(stored, "block 0: MLP's LayerNorm, normalised rows, 4 bits, scale and zero per 64");
  REQUIRE(norm != nullptr);
  CHECK(norm->bytes == arena::padded(rows * 16) + arena::padded(rows * 4) + arena::padded(rows * 4));
  auto const* const input = find(stored, "block 1: attention's input, 8 bits, scale and zero per 64");
  REQUIRE(input != nullptr);
  CHECK(input->label.matrix.units == std::vector<int>{first_block + 8 + 1});
  CHECK(find(stored, "block 0: attention's input, 8 bits, scale and zero per 64") == nullptr);

  auto const eager = plan_record<vit_of<policy::eager>>(2, active_set::all(model::units));
  CHECK(find(eager.stored(), "block 1: attention's probabilities, float") != nullptr);
  CHECK(find(eager.holders_at_peak(), "weights")->bytes == plan<vit_of<policy::eager>>(2).resident({}).weights);
  auto const recomputed = plan_record<vit_of<recomputing>>(2, active_set::none()).stored();
  CHECK(find(recomputed, "block 0: block's input, 8 bits, scale and zero per 64") != nullptr);
  CHECK(find(recomputed, "block 1: block's input, 8 bits, scale and zero per 64") == nullptr);
  auto const paper = plan_record<vit_of<policy::paper>>(2, active_set::none()).stored();
  CHECK(find(paper, "block 1: GELU, input, 4 bits, fixed range") != nullptr);
  CHECK(find(paper, "block 1: MLP's LayerNorm, normalised rows, largest 10 % of each row in float, bitmap") != nullptr);
}

TEST_CASE("record: a run's says what its plan's does") {
  using model = vit_of<policy::slim>;
  host device({.threads = 1});
  model net(device);
  trainer<model, adamw, some_units, constant_rate> run(net, adamw{}, {}, some_units{});
  std::vector<float> const images(static_cast<std::size_t>(4 * model::network_type::inputs), 0.5F);
  std::vector<std::int32_t> const labels(4, 1);
  auto& book = device.memory().book();
  memory_record measured;
  book.record(&measured);
  auto const report = run.step(images, labels);
  book.record(nullptr);
  run.step(images, labels);
  CHECK(sum(measured.holders_at_peak()) == report.measured.total);
  CHECK(same(measured.stored(), plan_record<model>(4, some_units::of(model::units)).stored()));
  double last = 0;
  for (auto const& each : measured.events()) {
    CHECK(each.seconds >= last);
    last = each.seconds;
  }
}

TEST_CASE("record: forms in words") {
  CHECK(form_text({}) == "");
  CHECK(form_text({.numbers = "float"}) == "float");
  CHECK(form_text({.bits = 1, .fixed_range = true}) == "1 bit, fixed range");
  CHECK(form_text({.role = "normalised rows", .bits = 4, .scales = 2, .scale_group = 64}) ==
        "normalised rows, 4 bits, scale and zero per 64");
  CHECK(form_text({.bits = 8, .scales = 3, .scale_group = 16}) == "8 bits, 3 scales per 16");
  CHECK(form_text({.numbers = "double", .largest_percent = 10, .largest_of = "row"}) ==
        "largest 10 % of each row in double, bitmap");
}

TEST_CASE("record: more units than a description holds are left out") {
  described_matrix matrix{"rows"};
  for (int unit = 0; unit < described_matrix::most_units + 3; ++unit) { matrix.add_unit(unit); }
  CHECK(matrix.unit_count == described_matrix::most_units);
  CHECK(matrix.units.back() == described_matrix::most_units - 1);
}

TEST_CASE("record: pieces of one category are given back newest first, ranges and names end where they should") {
  ledger book;
  book.add(category::weights, 1000);
  memory_record record;
  book.record(&record);
  record.leave();  // entered before
  record.enter("forward", -1);
  book.add(category::workspace, 10);
  record.enter("block", 7);
  book.add(category::workspace, 20);
  described_matrix rows{"rows", {.bits = 4}};
  rows.add_unit(3);
  record.name_matrix(rows);
  book.add(category::dynamic_activations, 5);
  record.name_matrix({});
  book.remove(category::workspace, 20);
  record.leave();
  book.forward_ended();
  record.leave();
  book.add(category::workspace, 2);
  book.remove(category::workspace, 12);
  auto const peak = record.holders_at_peak();
  REQUIRE(peak.size() == 4);
  CHECK(peak[0].label.text() == "weights");
  CHECK(peak[1].label.text() == "block 7, forward");
  CHECK(peak[1].bytes == 20);
  CHECK(peak[2].label.text() == "forward");
  CHECK(peak[3].label.text() == "block 7: rows, 4 bits");
  CHECK(sum(peak) == book.peaks().total);
  auto const stored = record.stored();
  REQUIRE(stored.size() == 1);
  CHECK(stored[0].bytes == 5);
  CHECK(record.label(record.events().back()).text() == "held by backend and optimizer");
}

TEST_CASE("trace: JSON with balanced slices, and counters that reach the peaks") {
  using model = vit_of<policy::paper>;
  auto const active = some_units::of(model::units);
  auto const record = plan_record<model>(3, active);
  for (auto const time : {trace_time::counted, trace_time::measured}) {
    std::stringstream text;
    write_chrome_trace(text, record, time);
    auto const trace = nlohmann::json::parse(text.str());
    auto const usage = plan<model>(3).with(active);
    std::map<std::string, index_t> most;
    int depth = 0;
    int deepest = 0;
    int slices = 0;
    double last = 0;
    for (auto const& event : trace.at("traceEvents")) {
      auto const phase = event.at("ph").get<std::string>();
      CHECK(event.at("ts").get<double>() >= last);
      last = event.at("ts").get<double>();
      if (phase == "B") {
        deepest = std::max(deepest, ++depth);
        ++slices;
      }
      if (phase == "E") { --depth; }
      REQUIRE(depth >= 0);
      if (phase == "C") {
        auto& value = most[event.at("name").get<std::string>()];
        value = std::max(value, event.at("args").at("bytes").get<index_t>());
      }
    }
    CHECK(depth == 0);
    CHECK(deepest == 3);  // forward, block, attention
    CHECK(slices == 2 * (1 + 3 * 3 + 2));
    CHECK(most.at("total") == usage.total);
    for (std::size_t i = 0; i < category_names.size(); ++i) {
      CHECK(most[category_names[i]] == usage.peak_by_category.by_category[i]);
    }
  }
  memory_record quotes;
  ledger book;
  book.record(&quotes);
  quotes.enter("a \"b\" \\ \n", -1);  // never left
  std::stringstream text;
  write_chrome_trace(text, quotes);
  auto const events = nlohmann::json::parse(text.str()).at("traceEvents");
  CHECK(events.size() == 2);
  CHECK(events[0].at("name") == "a \"b\" \\ \n");
}
