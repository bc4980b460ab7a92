// SPDX-License-Identifier: MIT
// How steps are measured; the files beside this one instantiate it, one per model.
#pragma once

#include <chrono>
#include <ctime>
#include <fstream>
#include <slimfit/train/trainer.hpp>

#include "../measured_step.hpp"
#include "../random_batch.hpp"
#include "../recorded_products.hpp"

namespace examples {

namespace detail {

/// Seconds that `work()` takes, by the clock and summed over processors.
template <class Work>
step_time time_of(Work const& work) {
  auto const start = std::chrono::steady_clock::now();
  auto const processor_start = std::clock();
  work();
  auto const processor = static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC;
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), processor};
}

/// Memory that the process has resident ("VmRSS:") or had at most ("VmHWM:"), from Linux's /proc; 0 elsewhere.
inline index_t resident_bytes(char const* key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    index_t kilobytes = 0;
    if (word == key && status >> kilobytes) { return kilobytes * slimfit::KiB; }
  }
  return 0;
}

template <class Model>
void measure(step_measurement& result) {
  using schedule = slimfit::freezing::inter_layer<slimfit::freezing::relative_update, slimfit::freezing::run_time_rate>;
  auto const& request = result.request;
  recording_host device({.threads = request.threads});
  result.request.threads = device.threads();
  result.resident_before = resident_bytes("VmRSS:");
  product_player player;
  Model net(device, 1);
  schedule const freezing{slimfit::freezing::run_time_rate(request.rate)};
  slimfit::trainer<Model, slimfit::adamw, schedule> trainer(net, {.learning_rate = 1e-5}, {.seed = 1}, freezing);
  random_batch<Model> const batch(request.batch);
  result.first = trainer.step(batch.inputs, batch.labels).measured;
  result.resident_after_first = resident_bytes("VmHWM:");
  for (int i = 0; i < request.steps; ++i) {
    // Each step's products run right after it, so that a busy machine slows both.
    product_list products;
    slimfit::step_report report;
    device.record(&products);
    result.steps.push_back(time_of([&] { report = trainer.step(batch.inputs, batch.labels); }));
    device.record(nullptr);
    result.products.push_back(time_of([&] { player.play(device, products); }));
    result.ledger.raise_to(report.measured);
    result.planned.raise_to(report.planned);
  }
  if (request.record) {
    auto& book = device.memory().book();
    book.record(&result.record);
    trainer.step(batch.inputs, batch.labels);
    book.record(nullptr);
  }
  result.peak_resident = std::max<index_t>(resident_bytes("VmHWM:") - player.bytes(), 0);
}

}  // namespace detail

template <class Entry>
step_measurement measure_steps(step_request const& request) {
  return with_name<step_measurement>(all_policies{}, request.policy, [&]<class Policy>() {
    step_measurement result;
    result.request = request;
    if (result.request.rate < 0) { result.request.rate = Policy::default_rate; }
    detail::measure<typename Entry::template model<typename Policy::type, recording_host, float>>(result);
    return result;
  });
}

}  // namespace examples
