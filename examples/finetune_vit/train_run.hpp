// SPDX-License-Identifier: MIT
// The training loop of the example, for any policy.
#pragma once

#include <chrono>
#include <memory>
#include <slimfit/slimfit.hpp>

#include "../support/progress.hpp"
#include "runs.hpp"
#include "saturation.hpp"

namespace examples {

inline constexpr slimfit::vit_shape quickstart_shape{
    .image = 28, .patch = 7, .channels = 1, .hidden = 64, .heads = 4, .mlp = 256, .layers = 6, .classes = 10};

inline nlohmann::json to_json(slimfit::memory_usage const& usage) {
  nlohmann::json bytes;
  for (std::size_t i = 0; i < slimfit::category_names.size(); ++i) {
    bytes[slimfit::category_names[i]] = usage.peak_by_category.by_category[i];
  }
  bytes["stored"] = usage.stored;
  bytes["temporary"] = usage.temporary;
  bytes["peak"] = usage.total;
  return bytes;
}

/// Raises every number of `bytes` to that of `usage`.
inline void add_to(nlohmann::json& bytes, slimfit::memory_usage const& usage) {
  auto const step = to_json(usage);
  for (auto const& [key, value] : step.items()) {
    bytes[key] = std::max(bytes.value(key, slimfit::index_t{0}), value.get<slimfit::index_t>());
  }
}

/// A backend set up as the options say.
template <class Device>
Device make_device(finetune_options const& options) {
  if constexpr (std::is_same_v<Device, slimfit::host>) {
    return Device({.threads = options.threads});
  } else {
    return Device();
  }
}

template <class Policy, class Device>
class training_run {
 public:
  using model_type = slimfit::vit<quickstart_shape, Policy, Device>;
  using schedule_type =
      slimfit::freezing::inter_layer<slimfit::freezing::relative_update, slimfit::freezing::run_time_rate>;
  using trainer_type = slimfit::trainer<model_type, slimfit::adamw, schedule_type>;

  explicit training_run(run_request const& request)
      : request_(request),
        device_(make_device<Device>(request.options)),
        net_(device_, request.options.seed),
        batches_(request.data.train, request.options.batch, request.options.seed, scale, request.options.images),
        steps_(std::max<index_t>(
            1, static_cast<index_t>(request.options.epochs * static_cast<double>(batches_.steps_per_epoch())))),
        trainer_(net_, slimfit::adamw{.learning_rate = learning_rate(), .weight_decay = request.options.weight_decay},
                 slimfit::trainer_options{
                     .seed = request.options.seed, .steps = steps_, .count_saturation = request.options.saturation},
                 schedule_type(slimfit::freezing::run_time_rate(request.choice.rate))) {
    auto const& start = request.options.start;
    if (!start.empty()) { slimfit::load(net_, start, {.except = {"classifier"}}); }
    report_ = {{"policy", request.choice.policy},
               {"rate", request.choice.rate},
               {"seed", request.options.seed},
               {"learning_rate", learning_rate()},
               {"units", model_type::units},
               {"losses", nlohmann::json::array()},
               {"active", nlohmann::json::array()},
               {"distances", nlohmann::json::array()},
               {"bytes", nlohmann::json::object()},
               {"planned", nlohmann::json::object()},
               {"peak_activations", 0},
               {"train_seconds", 0.0}};
    if (request.options.saturation) { report_["saturation"] = nlohmann::json::array(); }
    if (request.progress != nullptr) {
      slimfit::load_run(trainer_, checkpoint_path(request.options));
      report_ = *request.progress;
    }
  }

  run_outcome train() {
    auto const name = request_.choice.policy + ", " + percent_text(request_.choice.rate) + " frozen";
    std::printf("%s: %lld steps of %lld images\n", name.c_str(), static_cast<long long>(steps_),
                static_cast<long long>(request_.options.batch));
    {
      progress bar(steps_, request_.options.batch, trainer_.iteration());
      double smooth_loss = 0;
      double smooth_accuracy = 0;
      index_t done = 0;
      while (trainer_.iteration() < steps_) {
        if (interrupt_requested()) {
          save_interrupted();
          return {report_, true};
        }
        auto const step = one_step();
        // A running mean over about 50 steps.
        double const share = 1.0 / static_cast<double>(std::min<index_t>(++done, 50));
        smooth_loss += share * (step.loss - smooth_loss);
        smooth_accuracy +=
            share * (static_cast<double>(step.correct) / static_cast<double>(request_.options.batch) - smooth_accuracy);
        progress_values const shown{smooth_loss, smooth_accuracy, step.measured.total};
        bar.update(trainer_.iteration(), shown);
      }
    }
    finish();
    return {report_, false};
  }

 private:
  static constexpr normalisation scale{0.2860F, 0.3530F};
  static constexpr index_t distance_samples = 60;

  [[nodiscard]] double learning_rate() const {
    auto const& options = request_.options;
    return request_.choice.rate > 0 ? options.scheduled_learning_rate : options.learning_rate;
  }
  static std::string percent_text(double rate) {
    char text[16];
    std::snprintf(text, sizeof text, "%g %%", 100 * rate);
    return text;
  }

  slimfit::step_report one_step() {
    auto const batch = batches_.training(trainer_.iteration());
    auto const start = std::chrono::steady_clock::now();
    auto const step = trainer_.step(batch.images, batch.labels);
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report_["train_seconds"] = report_["train_seconds"].get<double>() + seconds;
    report_["losses"].push_back(step.loss);
    auto& active = report_["active"].emplace_back(nlohmann::json::array());
    for (index_t unit = 0; unit < model_type::units; ++unit) {
      if (step.active.test(unit)) { active.push_back(unit); }
    }
    add_to(report_["bytes"], step.measured);
    add_to(report_["planned"], step.planned);
    if (request_.options.saturation) { add_saturation(report_["saturation"], step.saturation); }
    report_["peak_activations"] = std::max(report_["peak_activations"].get<index_t>(), step.measured.activations);
    index_t const interval = std::max<index_t>(1, steps_ / distance_samples);
    if (step.iteration % interval == 0) { sample_distances(step.iteration); }
    return step;
  }

  void sample_distances(index_t iteration) {
    auto values = nlohmann::json::array();
    for (auto const& record : trainer_.schedule().records()) {
      values.push_back(record.measured ? nlohmann::json(record.last.relative_update) : nlohmann::json());
    }
    report_["distances"].push_back({{"step", iteration}, {"values", std::move(values)}});
  }

  void save_interrupted() {
    nlohmann::json const state{
        {"options", fixed_options(request_.options)}, {"finished", request_.finished}, {"current", report_}};
    slimfit::save_run(trainer_, checkpoint_path(request_.options), {{"finetune_vit", state.dump()}});
  }

  void finish() {
    image_batches test(request_.data.test, std::min<index_t>(500, request_.data.test.images.count), 0, scale);
    double correct = 0;
    double loss = 0;
    for (index_t i = 0; i < test.evaluation_steps(); ++i) {
      auto const batch = test.evaluation(i);
      auto const result = trainer_.evaluate(batch.images, batch.labels, static_cast<index_t>(batch.labels.size()));
      correct += result.accuracy * static_cast<double>(batch.labels.size());
      loss += result.loss * static_cast<double>(batch.labels.size());
    }
    report_["accuracy"] = correct / static_cast<double>(test.size());
    report_["test_loss"] = loss / static_cast<double>(test.size());
    report_["seconds_per_step"] = report_["train_seconds"].get<double>() / static_cast<double>(steps_);
    report_.erase("train_seconds");
    auto const& path = request_.options.save;
    if (!path.empty()) { slimfit::save(net_, path, slimfit::dtype_of_name(request_.options.save_type)); }
    std::printf("  test accuracy %.2f %%\n", 100 * report_["accuracy"].get<double>());
    if (request_.options.saturation) { std::printf("  %s\n", saturation_line(report_["saturation"]).c_str()); }
  }

  run_request const& request_;
  Device device_;
  model_type net_;
  image_batches batches_;
  index_t steps_;
  trainer_type trainer_;
  nlohmann::json report_;
};

template <class Policy, class Device>
run_outcome train_with(run_request const& request) {
  return training_run<Policy, Device>(request).train();
}

}  // namespace examples
