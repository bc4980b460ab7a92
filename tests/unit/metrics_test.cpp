// SPDX-License-Identifier: MIT
// Figures of merit against scikit-learn's and SciPy's, and enlarged images against PyTorch's.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../../examples/data/colour_images.hpp"
#include "../../examples/metrics/figures.hpp"

namespace ex = examples;

namespace {

nlohmann::json const& expected() {
  static auto const all = [] {
    std::ifstream stream(std::string(SLIMFIT_FIXTURES) + "/tasks/expected.json");
    return nlohmann::json::parse(stream);
  }();
  return all;
}

constexpr double tolerance = 1e-9;

}  // namespace

TEST_CASE("figures of two classes equal scikit-learn's") {
  CHECK(expected().at("classes").size() == 8);
  for (auto const& each : expected().at("classes")) {
    auto const predicted = each.at("predicted").get<std::vector<std::int32_t>>();
    auto const labels = each.at("labels").get<std::vector<std::int32_t>>();
    CHECK(std::abs(ex::accuracy(predicted, labels) - each.at("accuracy").get<double>()) < tolerance);
    CHECK(std::abs(ex::f1(predicted, labels) - each.at("f1").get<double>()) < tolerance);
    CHECK(std::abs(ex::matthews(predicted, labels) - each.at("matthews").get<double>()) < tolerance);
  }
}

TEST_CASE("correlations equal SciPy's, with ties and far from zero") {
  CHECK(expected().at("numbers").size() == 6);
  for (auto const& each : expected().at("numbers")) {
    auto const predicted = each.at("predicted").get<std::vector<double>>();
    auto const labels = each.at("labels").get<std::vector<double>>();
    auto const same = [](double actual, nlohmann::json const& value) {
      return value.is_null() ? std::isnan(actual) : std::abs(actual - value.get<double>()) < tolerance;
    };
    CHECK(same(ex::pearson(predicted, labels), each.at("pearson")));
    CHECK(same(ex::spearman(predicted, labels), each.at("spearman")));
  }
}

TEST_CASE("equal values share the mean of their ranks") {
  CHECK(ex::ranks({3, 1, 3, 2, 3}) == std::vector<double>{4, 1, 4, 2, 4});
  CHECK(ex::ranks({1, 1}) == std::vector<double>{1.5, 1.5});
  CHECK(ex::ranks({}).empty());
}

TEST_CASE("images are enlarged as by PyTorch, within 1e-5 of a pixel's range, and normalised") {
  // What the network reads, back to pixels from 0 to 1.
  constexpr std::array<double, 3> mean{0.485, 0.456, 0.406};
  constexpr std::array<double, 3> deviation{0.229, 0.224, 0.225};
  for (auto const& each : expected().at("images")) {
    for (auto const& size : each.at("sizes")) {
      auto const side = size.at("to").get<slimfit::index_t>();
      CAPTURE(side);
      ex::resized_images const large(ex::colour_images{each.at("from"), each.at("pixels"), {3}}, side);
      auto const plane = static_cast<std::size_t>(side * side);
      std::vector<float> pixels(3 * plane);
      std::int32_t label = 0;
      large.fill(0, pixels.data(), &label);
      CHECK(label == 3);
      REQUIRE(!size.at("places").empty());
      double worst = 0;
      for (std::size_t i = 0; i < size.at("places").size(); ++i) {
        auto const place = size["places"][i].get<std::size_t>();
        auto const actual = static_cast<double>(pixels[place]) * deviation[place / plane] + mean[place / plane];
        worst = std::max(worst, std::abs(actual - size["values"][i].get<double>()));
      }
      CHECK(worst < 1e-5);
    }
  }
}
