// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <filesystem>
#include <slimfit/io/atomic_file.hpp>
#include <sstream>

#include "../tools/table.hpp"
#include "report_script.hpp"
#include "report_style.hpp"
#include "report_template.hpp"
#include "resume.hpp"

namespace examples {

namespace {

double activations(nlohmann::json const& run) { return run.at("peak_activations").get<double>(); }

std::string in_mebibytes(double bytes) { return fixed(bytes / static_cast<double>(slimfit::MiB), 2); }
std::string percent(double share, int digits) { return fixed(100 * share, digits) + " %"; }

/// A page may not contain "<" inside its data.
std::string without_angles(std::string text) {
  for (auto at = text.find('<'); at != std::string::npos; at = text.find('<', at)) { text.replace(at, 1, "\\u003c"); }
  return text;
}

/// The page with what belongs at each of its marks.
std::string page_with(nlohmann::json const& report) {
  std::string page;
  std::string_view rest = report_template;
  auto const data = without_angles(json_text(report));
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
  write_file(folder + "/report.json", json_text(report, 1) + "\n");
  write_file(folder + "/report.html", page_with(report));
}

std::string result_table(nlohmann::json const& report) {
  auto const& runs = report.at("runs");
  auto const metric = runs.empty() ? "accuracy" : runs.front().at("metric").get<std::string>();
  auto const second = runs.empty() ? std::string() : runs.front().value("second_metric", std::string());
  std::vector<std::string> headings{"policy", "frozen", metric};
  if (!second.empty()) { headings.push_back(second); }
  headings.insert(headings.end(), {"activations", "of the first", "ms/step", "updated units"});
  table results(headings, {0});
  table memory({"MiB", "static", "dynamic", "workspace", "gradients", "stored", "temporary", "peak"}, {0});
  for (auto const& run : runs) {
    auto const policy = run.at("policy").get<std::string>();
    auto const rate = fixed(run.at("rate").get<double>(), 0) + " %";
    double updated = 0;
    for (auto const& step : run.at("active")) { updated += static_cast<double>(step.size()); }
    updated /= std::max<double>(1, static_cast<double>(run.at("active").size()));
    std::vector<std::string> result{policy, rate, percent(run.at("accuracy").get<double>(), 2)};
    if (!second.empty()) { result.push_back(percent(run.at("metrics").at(second).get<double>(), 2)); }
    result.insert(result.end(), {in_mebibytes(activations(run)) + " MiB",
                                 "1 / " + fixed(activations(runs.front()) / activations(run), 2),
                                 fixed(1e3 * run.at("seconds_per_step").get<double>(), 1),
                                 fixed(updated, 1) + " of " + std::to_string(run.at("units").get<int>())});
    results.add(result);
    std::vector<std::string> line{policy + " " + rate};
    auto const& bytes = run.at("bytes");
    auto const of = [&](char const* key) { return bytes.at(key).get<double>(); };
    for (auto const* key : {"static", "dynamic", "workspace", "gradients", "stored", "temporary", "peak"}) {
      line.push_back(in_mebibytes(of(key)));
    }
    memory.add(line);
  }
  std::ostringstream text;
  results.print(text);
  text << "activations: the most of what is stored, workspace and gradients together\n\n";
  memory.print(text);
  text << "stored: on the tape when the forward pass ends; temporary: the most of workspace\n"
          "and gradients; peak: the most of all at any moment, with\n";
  char const* separator = "";
  for (auto const* key : {"weights", "optimizer", "data"}) {
    text << separator << key << " (" << in_mebibytes(runs.front().at("bytes").at(key).get<double>()) << ")";
    separator = ", ";
  }
  text << "\n";
  return text.str();
}

}  // namespace examples
