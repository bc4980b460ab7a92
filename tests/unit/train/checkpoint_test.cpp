// SPDX-License-Identifier: MIT
// Files of interrupted runs: every change of a byte is found and named, numbers that no run has are refused, a load
// that fails leaves everything as it was. And numbers that are none: what evaluates, saves or measures them says so.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/sgd.hpp>
#include <slimfit/train/gradient_error.hpp>
#include <slimfit/train/run_checkpoint.hpp>
#include <slimfit/train/trainer.hpp>

#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <thread>

#include "support/scratch_folder.hpp"

using namespace slimfit;
using slimfit::test::scratch_folder;

namespace {

constexpr vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 3};
using model = vit<shape, policy::slim, host>;
using half = freezing::inter_layer<freezing::relative_update, percent<50>>;
template <class Optimizer>
using trainer_with = trainer<model, Optimizer, half>;

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr index_t samples = 5;
std::vector<float> const images = [] {
  std::vector<float> values;
  for (int i = 0; i < samples * 64; ++i) { values.push_back(static_cast<float>(i % 11) / 5.0F - 1.0F); }
  return values;
}();
std::vector<std::int32_t> const labels{0, 1, 2, 1, 0};

/// A run, and everything of it that a load could change.
template <class Optimizer = adamw>
struct small_run {
  host device{{.threads = 1}};
  model net{device, 1};
  trainer_with<Optimizer> run;

  explicit small_run(int steps, Optimizer options = {}) : run(net, options, {.seed = 3}) { train(steps); }
  void train(int steps) {
    for (int i = 0; i < steps; ++i) { static_cast<void>(run.step(images, labels)); }
  }
  [[nodiscard]] std::vector<double> state() {
    std::vector<double> all{static_cast<double>(run.iteration())};
    for (auto const& [name, each] : net.parameters()) { all.insert(all.end(), each.data, each.data + each.count()); }
    run.optimizer().for_each_state_array(
        run.parameter_counts(), [&](auto const& each) { all.insert(all.end(), each.data, each.data + each.count); });
    for (auto const& counts : {run.optimizer().step_counts(), run.optimizer().update_counts()}) {
      all.insert(all.end(), counts.begin(), counts.end());
    }
    auto const schedule = run.schedule().save_state();
    all.insert(all.end(), schedule.begin(), schedule.end());
    for (index_t i = 0; i < model::units; ++i) { all.push_back(run.updated().test(i) ? 1 : 0); }
    return all;
  }
};

std::string bytes_of(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
void write_bytes(std::string const& path, std::string const& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// A file written anew, with or without checksums, after `change(tensor, element, value)` saw every number.
template <class Change>
void rewrite(std::string const& path, bool has_checksums, Change const& change) {
  safetensors_file const file(path);
  safetensors_writer writer;
  std::list<std::vector<double>> floats;
  std::list<std::vector<std::int64_t>> integers;
  for (auto const& entry : file.tensors()) {
    auto const& name = entry.first;  // not a structured binding, which Clang 14 does not capture
    auto const& tensor = entry.second;
    auto const count = static_cast<std::size_t>(shape_bytes(tensor.shape, 1));
    auto const add = [&](auto& list) {
      auto& values = list.emplace_back(count);
      file.read_into(name, tensor.shape, values.data());
      for (std::size_t i = 0; i < count; ++i) { change(name, i, values[i]); }
      writer.add(name, tensor.type, tensor.shape, values.data());
    };
    if (is_floating(tensor.type)) {
      add(floats);
    } else {
      add(integers);
    }
  }
  for (auto const& [key, value] : file.metadata()) {
    if (!key.starts_with(own_metadata)) { writer.set_metadata(key, value); }
  }
  if (has_checksums) { writer.add_checksums(); }
  writer.save(path);
}

/// Loads and expects a failure that contains `words`, and that nothing changed.
template <class Run>
void refuse(Run& resumed, std::string const& path, std::string const& words) {
  CAPTURE(words);
  auto const before = resumed.state();
  CHECK_THROWS_WITH_AS(load_run(resumed.run, path), doctest::Contains(words.c_str()), error);
  CHECK((resumed.state() == before));
}

}  // namespace

TEST_CASE("every changed byte of a run's file is found, and the part is named") {
  scratch_folder const folder;
  auto const path = (folder.path / "run").string();
  small_run<> first(3);
  save_run(first.run, path, {{"note", "a \"slimfit.crc32\":\"00000000\" of no meaning"}});
  auto const whole = bytes_of(path);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), 8);
  std::set<std::string> parts;
  auto const check = [&](std::size_t at, char change) {
    CAPTURE(at);
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ change);
    std::string said;
    try {
      safetensors_view const file(std::as_bytes(std::span<char const>(damaged)), "test");
      verify_checksums(file);
    } catch (file_error const& problem) { said = problem.what(); }
    bool names = false;
    for (auto const* const part : {"header", "metadata", "tensor"}) { names = names || said.find(part) != said.npos; }
    CHECK_MESSAGE(names, said);
    if (auto const end = said.find(" is damaged"); end != said.npos) { parts.insert(said.substr(0, end)); }
  };
  for (std::size_t at = 0; at < 64; ++at) { check(at, 1); }
  for (std::size_t at = 64; at < 8 + length; at += 13) { check(at, static_cast<char>(1U << (at % 8U))); }
  check(8 + length - 1, 1);  // the spaces that fill the header up
  for (std::size_t at = 8 + length; at < whole.size(); at += 397) { check(at, static_cast<char>(0x80U)); }
  check(whole.size() - 1, 1);
  CHECK(parts.contains("slimfit: test: header"));
  CHECK(parts.lower_bound("slimfit: test: tensor optimizer.") != parts.lower_bound("slimfit: test: tensor optimizes"));
  CHECK(parts.size() > 20);

  small_run<> resumed(1);
  for (std::size_t const at : {std::size_t{3}, std::size_t{40}, std::size_t{8 + length - 2},
                               std::size_t{8 + length + 5}, whole.size() / 2, whole.size() - 2}) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write_bytes(path, damaged);
    refuse(resumed, path, path);
  }
  write_bytes(path, whole);
  CHECK(load_run(resumed.run, path).at("note") == "a \"slimfit.crc32\":\"00000000\" of no meaning");
  CHECK((resumed.state() == first.state()));
  CHECK(notes_on_run<host>(path).empty());
}

TEST_CASE("a file without checksums is loaded, with a note; one from elsewhere too") {
  scratch_folder const folder;
  auto const path = (folder.path / "run").string();
  small_run<> first(3);
  save_run(first.run, path, {{"note", "old"}});
  rewrite(path, false, [](auto const&...) {});
  small_run<> resumed(1);
  CHECK(load_run(resumed.run, path) == std::map<std::string, std::string>{{"note", "old"}});
  CHECK((resumed.state() == first.state()));
  auto const notes = notes_on_run<host>(path);
  REQUIRE(notes.size() == 1);
  CHECK(notes.front().find("has no checksums") != std::string::npos);

  safetensors_writer writer;
  writer.add_checksums();
  for (auto const& [name, value] : detail::bits_depend_on<host>()) {
    writer.set_metadata("slimfit.origin " + name, name == "products" ? "Slow BLAS 1, core 6502" : value);
  }
  writer.save(path);
  auto const others = notes_on_run<host>(path);
  REQUIRE(others.size() == 1);
  CHECK(others.front().find("products was Slow BLAS 1, core 6502 in " + path + " and is " +
                            name_of(host::products())) != std::string::npos);
}

TEST_CASE("numbers that no run has are refused, and nothing changes") {
  scratch_folder const folder;
  auto const path = (folder.path / "run").string();
  small_run<> first(3);
  save_run(first.run, path);
  auto const whole = bytes_of(path);
  small_run<> resumed(1);
  auto const with = [&](std::string const& tensor, std::size_t element, double number, std::string const& words) {
    write_bytes(path, whole);
    rewrite(path, true, [&](std::string const& name, std::size_t i, auto& value) {
      if (name == tensor && i == element) { value = static_cast<std::remove_cvref_t<decltype(value)>>(number); }
    });
    refuse(resumed, path, words);
  };
  with("iteration", 0, -1, "tensor iteration, element 0 is -1, expected 0 to");
  with("iteration", 0, 1e15, "tensor iteration, element 0 is 1000000000000000");
  with("updated", 2, 2, "tensor updated, element 2 is 2, expected 0 to 1");
  for (std::string const tensor : {"optimizer.steps", "optimizer.updates"}) {
    with(tensor, 1, -3, "tensor " + tensor + ", element 1 is -3, expected 0 to 4294967295");
    with(tensor, 1, 4294967296, "tensor " + tensor + ", element 1 is 4294967296, expected 0 to 4294967295");
    with(tensor, 0, 9223372036854774784, "tensor " + tensor + ", element 0 is 9223372036854774784");
  }
  with("optimizer.updates", 0, 0, "update count is 0, expected at least the step count");
  with("schedule", 4, no_number, "statistic of a unit is nan, expected a finite number, at least 0");
  with("schedule", 5, -1, "statistic of a unit is -1");
  with("schedule", 5, std::numeric_limits<double>::infinity(), "statistic of a unit is inf");
  with("schedule", 6, 0.5, "number is 0.5");
  with("optimizer.0.first_moment", 3, no_number, "tensor optimizer.0.first_moment, element 3 is nan");
  with("optimizer.0.second_moment", 3, -1, "tensor optimizer.0.second_moment, element 3 is -1");
  with("classifier.bias", 2, no_number, "tensor classifier.bias, element 2 is nan, expected a finite number");
}

TEST_CASE("a run's file without a weight, or of another optimizer, changes nothing") {
  scratch_folder const folder;
  auto const path = (folder.path / "run").string();
  small_run<> first(3);
  save_run(first.run, path);
  small_run<basic_adamw<strict, moments::bits8>> coded(2);
  refuse(coded, path, "optimizer is AdamW with moments in float32, expected AdamW with moments in 8 bits");
  small_run<sgd> plain(2);
  refuse(plain, path, "optimizer is AdamW with moments in float32, expected SGD without momentum");
  small_run<sgd> with_momentum(2, {.momentum = 0.9});
  save_run(plain.run, path);
  refuse(with_momentum, path, "optimizer is SGD without momentum, expected SGD with momentum");

  save_run(first.run, path);
  safetensors_file const file(path);
  safetensors_writer writer;
  std::list<std::vector<float>> floats;
  std::list<std::vector<std::int64_t>> integers;
  for (auto const& entry : file.tensors()) {
    auto const& name = entry.first;  // not a structured binding, which Clang 14 does not capture
    auto const& tensor = entry.second;
    auto const count = static_cast<std::size_t>(shape_bytes(tensor.shape, 1));
    if (name == "classifier.bias") { continue; }
    if (is_floating(tensor.type)) {
      file.read_into(name, tensor.shape, floats.emplace_back(count).data());
      writer.add(name, tensor.type, tensor.shape, floats.back().data());
    } else {
      file.read_into(name, tensor.shape, integers.emplace_back(count).data());
      writer.add(name, tensor.type, tensor.shape, integers.back().data());
    }
  }
  writer.save(path);
  small_run<> resumed(1);
  refuse(resumed, path, "classifier.bias");
  CHECK_THROWS_WITH_AS(save_run(resumed.run, path, {{"slimfit.crc32", "00000000"}}),
                       doctest::Contains("key of a string is slimfit.crc32"), value_error);
}

TEST_CASE("a snapshot is of its moment, and may be written by another thread while training goes on") {
  scratch_folder const folder;
  auto const path = (folder.path / "run").string();
  small_run<> first(3);
  auto const then = first.state();
  {
    run_snapshot const snapshot(first.run, {{"step", "3"}});
    std::thread writer([&] { snapshot.save(path, path + ".before"); });
    first.train(2);
    writer.join();
  }
  run_snapshot(first.run, {{"step", "5"}}).save(path, path + ".before");
  small_run<> resumed(0);
  CHECK(load_run(resumed.run, path + ".before").at("step") == "3");
  CHECK((resumed.state() == then));
  resumed.train(2);
  CHECK((resumed.state() == first.state()));
  CHECK(load_run(resumed.run, path).at("step") == "5");
}

TEST_CASE("a model that has diverged is neither saved nor judged, and the first number that is none is named") {
  scratch_folder const folder;
  auto const path = folder.write("model", "what was there");
  small_run<> diverged(1);
  auto& bias = diverged.net.parameters().back().value;  // of the classifier
  bias.data[1] = std::numeric_limits<float>::quiet_NaN();
  auto const words = doctest::Contains("tensor classifier.bias, element 1 is nan, expected a finite number");
  CHECK_THROWS_WITH_AS(save(diverged.net, path), words, value_error);
  CHECK_THROWS_WITH_AS(save_run(diverged.run, path), words, value_error);
  CHECK(bytes_of(path) == "what was there");
  CHECK_THROWS_WITH_AS(static_cast<void>(diverged.run.evaluate(images, labels, 2)),
                       doctest::Contains("evaluate: loss of sample 0 is nan, expected a finite number"), value_error);
  CHECK_THROWS_WITH_AS(static_cast<void>(measure_error(diverged.net, images, labels)),
                       doctest::Contains("measure_error: norm of the exact gradient of"), value_error);

  bias.data[1] = 0;
  auto broken = images;
  broken[3 * 64 + 9] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(static_cast<void>(diverged.run.evaluate(broken, labels, 2)),
                       doctest::Contains("evaluate: loss of sample 3 is nan"), value_error);
  CHECK(std::isfinite(diverged.run.evaluate(images, labels, 2).loss));
  gradient_error broken_error;
  broken_error.exact = no_number;
  CHECK(std::isnan(broken_error.relative()));

  bias.data[2] = 70000;
  CHECK_THROWS_WITH_AS(
      save(diverged.net, path, dtype::f16),
      doctest::Contains("tensor classifier.bias, element 2 is 70000.000000, expected a number that F16"), value_error);
  save(diverged.net, path, dtype::bf16);
}
