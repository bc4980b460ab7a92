// SPDX-License-Identifier: MIT
// Stacked bars of memory by category.

const CATEGORIES = [
  {key: "static", name: "static activations"}, {key: "dynamic", name: "dynamic activations"},
  {key: "workspace", name: "workspace"}, {key: "gradients", name: "gradients"},
  {key: "weights", name: "weights", resident: true}, {key: "optimizer", name: "optimizer state", resident: true},
  {key: "data", name: "data", resident: true}];

/// The most that activations, workspace and gradients held together.
function activationBytes(run) { return run.peak_activations ?? run.bytes.stored + run.bytes.temporary; }

/// How many times less than the first run.
function lessThanFirst(runs, run) { return activationBytes(runs[0]) / Math.max(1, activationBytes(run)); }

function memoryBars(target, legend, runs, names, everything) {
  const categories = CATEGORIES.filter((category) => everything || !category.resident);
  legend.replaceChildren(...categories.map(({key, name}) => make("li", {}, swatch(`var(--${key})`), name)));
  const peakOf = (run) => (everything ? run.bytes.peak : activationBytes(run));
  const sumOf = (run) => categories.reduce((sum, {key}) => sum + run.bytes[key], 0);
  const largest = Math.max(1, ...runs.map((run) => Math.max(sumOf(run), peakOf(run))));
  target.replaceChildren(...runs.map((run, index) => memoryBar(run, names[index], categories, largest, peakOf(run),
    index === 0 ? "" : everything ? times(runs[0].bytes.peak / run.bytes.peak) + " less"
                                  : times(lessThanFirst(runs, run)) + " less")));
}

function memoryBar(run, name, categories, largest, peak, ratio) {
  let before = 0;
  const parts = categories.map(({key}) => {
    const part = make("span", {className: "part", style: {
      left: 100 * before / largest + "%", width: 100 * run.bytes[key] / largest + "%", background: `var(--${key})`}});
    before += run.bytes[key];
    return part;
  });
  const bar = make("div", {className: "bar"}, ...parts,
    make("span", {className: "mark", style: {left: 100 * peak / largest + "%"}}));
  const {stored, temporary, peak: total} = run.bytes;
  const strong = (bytes) => make("b", {}, size(bytes));
  explore(bar, {
    label: `Memory of ${name}: stored ${size(stored)}, temporary ${size(temporary)}, peak ${size(total)}`,
    columns: () => categories.length, rows: () => 1,
    at: (x) => {
      const box = bar.getBoundingClientRect();
      const bytes = (x - box.left) / box.width * largest;
      let end = 0;
      for (let i = 0; i < categories.length; ++i) {
        end += run.bytes[categories[i].key];
        if (bytes <= end) { return [i, 0]; }
      }
      return [categories.length - 1, 0];
    },
    point: (column) => {
      const box = parts[column].getBoundingClientRect();
      return [box.left + box.width / 2, box.top];
    },
    text: (column) => `${categories[column].name}: ${size(run.bytes[categories[column].key])}`,
    tip: (column) => tipLines(name, categories.map(({key, name: category}, i) =>
      [(i === column ? "\u25b8 " : "") + category, size(run.bytes[key]), `var(--${key})`]).concat(
      [["together at most", size(peak), "var(--page)"]])),
    mark: (column) => parts.forEach((part, i) => part.classList.toggle("on", i === column)),
  });
  return make("div", {className: "bar-row"},
    make("div", {className: "bar-head"}, make("h3", {}, name), make("span", {className: "times"}, ratio)), bar,
    make("p", {className: "bar-note"}, "stored ", strong(stored), " \u00b7 temporary ", strong(temporary),
      " \u00b7 activations at most ", strong(activationBytes(run)), " \u00b7 total ", strong(total)));
}

/// The bars with the choice of what they show.
function memorySection(runs, names) {
  const target = document.getElementById("memory-bars");
  const legend = document.getElementById("memory-legend");
  const scope = document.getElementById("memory-scope");
  [["activations", "Activations", false], ["everything", "Everything", true]].forEach(([value, text, everything], index) => {
    const input = make("input", {type: "radio", name: "memory-scope", value, checked: index === 0});
    input.addEventListener("change", () => memoryBars(target, legend, runs, names, everything));
    scope.append(make("label", {}, input, make("span", {}, text)));
  });
  memoryBars(target, legend, runs, names, false);
}
