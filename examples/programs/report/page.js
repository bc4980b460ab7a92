// SPDX-License-Identifier: MIT
// Puts the page together from the data in it.

function fillPage(report) {
  const {model, data, runs} = report;
  const names = runNames(runs);
  const text = (id, content) => { document.getElementById(id).textContent = content; };
  const count = (number, unit) => (number === undefined ? [] : [`${whole(number)} ${unit}`]);
  text("subtitle", [model.name, ...count(model.parameters, "parameters"), data.name, ...count(data.train, "training images"),
                    ...count(data.test, "test images"), ...count(data.steps, "steps"),
                    ...(data.batch === undefined ? [] : [`batches of ${data.batch}`])].filter(Boolean).join(" \u00b7 "));
  text("made", `Written by slimfit ${report.slimfit}${report.products ? `, products by ${report.products}` : ""}.`);
  text("command", report.command.join(" "));
  if (runs.length === 0) {
    document.querySelector("main").replaceChildren("The report has no runs.");
    return;
  }
  const units = Math.max(...runs.map((run) => run.units));
  const unitNames = Array.from({length: units}, (_, unit) => model.unit_names?.[unit] ?? `unit ${unit}`);
  text("finding", finding(runs, names));
  cards(runs, names);
  memorySection(runs, names);
  resultsSection(runs, names);
  lossSection(runs, names);
  activitySection(runs, names, unitNames);
  distanceSection(runs, names, unitNames);
}

fillPage(JSON.parse(document.getElementById("report-data").textContent));
