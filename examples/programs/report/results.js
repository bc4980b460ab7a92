// SPDX-License-Identifier: MIT
// The table of results: a run per row where there is room, a run per column on a phone.

/// What several ranks sent; nothing where no run had them.
function trafficColumns(runs) {
  if (!runs.some((run) => run.ranks)) { return []; }
  const column = (name, text) => ({name, text: ({ranks}) => (ranks ? text(ranks) : "")});
  return [column("Ranks", (ranks) => whole(ranks.count)),
          column("Sent a step, MiB", (ranks) => mebibytes(ranks.bytes / ranks.steps)),
          column("of all gradients, %", (ranks) => (100 * ranks.bytes / ranks.all_bytes).toFixed(1)),
          column("Waited, ms a step", (ranks) => (1000 * ranks.waited_seconds / ranks.steps).toFixed(1))];
}

function resultColumns(runs) {
  const least = (value) => Math.min(...runs.map(value));
  const bytes = (name, value) => ({name, text: (run) => mebibytes(value(run)),
                                   best: (run) => runs.length > 1 && value(run) === least(value)});
  const second = runs[0]?.second_metric;
  return [
    {name: "Accuracy, %", text: (run) => (100 * run.accuracy).toFixed(2),
     best: (run) => runs.length > 1 && run.accuracy === Math.max(...runs.map((each) => each.accuracy))},
    ...(second ? [{name: `${second}, %`, text: (run) => (100 * run.metrics[second]).toFixed(2)}] : []),
    bytes("Static, MiB", (run) => run.bytes.static), bytes("Dynamic, MiB", (run) => run.bytes.dynamic),
    bytes("Stored, MiB", (run) => run.bytes.stored), bytes("Temporary, MiB", (run) => run.bytes.temporary),
    bytes("Activations, MiB", activationBytes),
    {name: "Times less", text: (run) => times(lessThanFirst(runs, run))},
    bytes("Total, MiB", (run) => run.bytes.peak),
    {name: "ms a step", text: (run) => (1000 * run.seconds_per_step).toFixed(1)},
    {name: "Units a step", text: (run) => {
      const mean = run.active.reduce((sum, active) => sum + active.length, 0) / Math.max(1, run.active.length);
      return `${+mean.toFixed(1)}\u2009/\u2009${run.units}`;
    }}, ...trafficColumns(runs)];
}

function resultsSection(runs, names) {
  const target = document.getElementById("results");
  const columns = resultColumns(runs);
  const cell = (column, run) => ({text: column.text(run), best: column.best?.(run) ?? false});
  const narrow = matchMedia("(max-width: 820px)");
  const render = () => target.replaceChildren(narrow.matches && runs.length <= 8
    ? table("Results", ["", ...names], columns.map((column) => [column.name, ...runs.map((run) => cell(column, run))]))
    : table("Results", ["Run", ...columns.map((column) => column.name)],
            runs.map((run, index) => [names[index], ...columns.map((column) => cell(column, run))])));
  narrow.addEventListener("change", render);
  render();
}

function cards(runs, names) {
  document.getElementById("cards").append(...runs.map((run, index) =>
    make("div", {className: "card", style: {"--colour": runColour(index)}},
      make("h3", {}, names[index]),
      make("p", {className: "big"}, percent(run.accuracy)),
      make("p", {className: "muted small"}, "test accuracy"),
      make("p", {className: "big"}, size(activationBytes(run))),
      make("p", {className: "muted small"},
           index === 0 ? "activations at most" : `activations at most, ${times(lessThanFirst(runs, run))} less`))));
}

/// One sentence: the run that keeps least against the first, and the accuracy of both.
function finding(runs, names) {
  if (runs.length < 2) { return ""; }
  const best = runs.reduce((least, run, index) => (activationBytes(run) < activationBytes(runs[least]) ? index : least), 0);
  if (best === 0) { return ""; }
  return `${names[best]}: at most ${size(activationBytes(runs[best]))} of activations, workspace and gradients instead of ` +
    `${size(activationBytes(runs[0]))} (${names[0]}), ${times(lessThanFirst(runs, runs[best]))} less; ` +
    `test accuracy ${percent(runs[best].accuracy)} instead of ${percent(runs[0].accuracy)}.`;
}
