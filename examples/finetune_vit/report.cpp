// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <cstdio>
#include <filesystem>
#include <slimfit/io/atomic_file.hpp>

#include "report_script.hpp"
#include "report_style.hpp"
#include "report_template.hpp"

namespace examples {

namespace {

std::string mebibytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", bytes / (1024.0 * 1024.0));
  return text;
}

double activations(nlohmann::json const& run) { return run.at("peak_activations").get<double>(); }

/// A page may not contain "<" inside its data.
std::string without_angles(std::string text) {
  for (auto at = text.find('<'); at != std::string::npos; at = text.find('<', at)) { text.replace(at, 1, "\\u003c"); }
  return text;
}

/// The page with what belongs at each of its marks.
std::string page_with(nlohmann::json const& report) {
  std::string page;
  std::string_view rest = report_template;
  auto const data = without_angles(report.dump());
  for (auto const& [mark, content] :
       {std::pair<std::string_view, std::string_view>{"/*SLIMFIT_REPORT_STYLE*/", report_style},
        {"/*SLIMFIT_REPORT_JSON*/", data},
        {"/*SLIMFIT_REPORT_SCRIPT*/", report_script}}) {
    auto const at = rest.find(mark);
    page.append(rest.substr(0, at)).append(content);
    rest.remove_prefix(at + mark.size());
  }
  return page.append(rest);
}

void write_file(std::string const& path, std::string const& text) {
  slimfit::atomic_file file(path);
  file.write(text.data(), static_cast<slimfit::index_t>(text.size()));
  file.commit();
}

}  // namespace

void write_report(nlohmann::json const& report, std::string const& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  write_file(folder + "/report.json", report.dump(1) + "\n");
  write_file(folder + "/report.html", page_with(report));
}

std::string result_table(nlohmann::json const& report) {
  char line[256];
  std::string table;
  std::snprintf(line, sizeof line, "%-10s %7s %9s %9s %9s %9s %9s %9s %9s %10s %10s\n", "policy", "frozen", "accuracy",
                "stored", "static", "dynamic", "temporary", "peak", "vs eager", "ms/step", "units/step");
  table += line;
  std::snprintf(line, sizeof line, "%-10s %7s %9s %9s %9s %9s %9s %9s %9s %10s %10s\n", "", "%", "%", "MiB", "MiB",
                "MiB", "MiB", "MiB", "1 / x", "", "");
  table += line;
  auto const& runs = report.at("runs");
  for (auto const& run : runs) {
    auto const& bytes = run.at("bytes");
    double updated = 0;
    for (auto const& step : run.at("active")) { updated += static_cast<double>(step.size()); }
    updated /= std::max<double>(1, static_cast<double>(run.at("active").size()));
    std::snprintf(line, sizeof line, "%-10s %7.0f %9.2f %9s %9s %9s %9s %9s %9.2f %10.1f %6.1f/%d\n",
                  run.at("policy").get<std::string>().c_str(), 100 * run.at("rate").get<double>(),
                  100 * run.at("accuracy").get<double>(), mebibytes(bytes.at("stored").get<double>()).c_str(),
                  mebibytes(bytes.at("static").get<double>()).c_str(),
                  mebibytes(bytes.at("dynamic").get<double>()).c_str(),
                  mebibytes(bytes.at("temporary").get<double>()).c_str(),
                  mebibytes(bytes.at("peak").get<double>()).c_str(), activations(runs.front()) / activations(run),
                  1e3 * run.at("seconds_per_step").get<double>(), updated, run.at("units").get<int>());
    table += line;
  }
  table +=
      "stored: on the tape when the forward pass ends; temporary: the most of everything else but weights, moments "
      "and\n"
      "data; peak: the most in all; vs eager: peak of activations, workspace and gradients, against the first run's.\n";
  return table;
}

}  // namespace examples
