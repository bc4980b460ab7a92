// SPDX-License-Identifier: MIT
// Loss curves: means over windows of steps on a logarithmic scale.

const CURVE_POINTS = 100;

/// Means over windows of `window` steps: [{first, last, value}].
function windowMeans(values, window) {
  const points = [];
  for (let first = 0; first < values.length; first += window) {
    const part = values.slice(first, first + window);
    if (part.length < window / 2 && points.length > 0) { break; }
    points.push({first, last: first + part.length - 1, value: part.reduce((sum, value) => sum + value, 0) / part.length});
  }
  return points;
}

/// Round numbers in [low, high] for a logarithmic axis.
function logTicks(low, high) {
  for (const digits of [[1, 2, 3, 4, 5, 6, 8], [1, 2, 3, 5], [1, 2, 5], [1]]) {
    const ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); ++decade) {
      ticks.push(...digits.map((digit) => digit * 10 ** decade).filter((tick) => tick >= low && tick <= high));
    }
    if (ticks.length <= 9) { return ticks; }
  }
  return [];
}

/// Round numbers from 0 to `high`, at most `count` of them.
function stepTicks(high, count) {
  const rough = Math.max(1, high / count);
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * decade).find((each) => each >= rough);
  const ticks = [];
  for (let tick = 0; tick <= high; tick += step) { ticks.push(tick); }
  return ticks;
}

function lossSection(runs, names) {
  const target = document.getElementById("loss");
  const steps = Math.max(0, ...runs.map((run) => run.losses.length));
  if (steps === 0) {
    target.append("No steps were run.");
    return;
  }
  const window = Math.max(1, Math.ceil(steps / CURVE_POINTS));
  const curves = runs.map((run) => windowMeans(run.losses, window));
  const shown = runs.map(() => true);
  document.getElementById("loss-smooth").textContent =
    window > 1 ? `means over ${window} steps, logarithmic` : "every step, logarithmic";
  const chart = lossChart(target, curves, names, shown, steps);
  document.getElementById("loss-legend").append(...names.map((name, index) => {
    const line = draw("svg", {width: 26, height: 8, style: "width:26px", "aria-hidden": "true"},
      draw("line", {x1: 0, x2: 26, y1: 4, y2: 4, stroke: runColour(index), "stroke-width": 2.5,
                    "stroke-dasharray": runDashes(index)}));
    const button = make("button", {type: "button", "aria-pressed": "true"}, line, name);
    button.addEventListener("click", () => {
      shown[index] = !shown[index];
      button.setAttribute("aria-pressed", String(shown[index]));
      chart.render();
    });
    return button;
  }));
  const every = Math.max(1, Math.ceil(curves[0].length / 12));
  document.getElementById("loss-table").append(table("Training loss", ["Steps", ...names],
    curves[0].flatMap((point, i) => (i % every === 0 || i === curves[0].length - 1
      ? [[`${whole(point.first + 1)}\u2013${whole(point.last + 1)}`,
          ...curves.map((curve) => (curve[i] ? curve[i].value.toFixed(4) : "\u2013"))]]
      : []))));
}

function lossChart(target, curves, names, shown, steps) {
  const margin = {left: 40, right: 14, top: 10, bottom: 36};
  let width = 0;
  const height = () => (width < 600 ? 260 : 340);
  const values = curves.flatMap((curve) => curve.map((point) => point.value)).filter((value) => value > 0);
  let low = Math.min(...values) * 0.95;
  let high = Math.max(...values) * 1.05;
  if (!(high > low)) { [low, high] = [0.1, 1]; }
  const x = (point) => margin.left + ((point.first + point.last) / 2 + 0.5) / steps * (width - margin.left - margin.right);
  const y = (value) => margin.top + (Math.log(high) - Math.log(Math.max(low, value))) / (Math.log(high) - Math.log(low)) *
    (height() - margin.top - margin.bottom);
  const longest = curves.reduce((best, curve) => (curve.length > best.length ? curve : best), []);
  const svg = draw("svg", {});
  const cursor = draw("g", {});
  target.append(svg);
  const render = () => {
    svg.setAttribute("viewBox", `0 0 ${width} ${height()}`);
    svg.setAttribute("height", height());
    const bottom = height() - margin.bottom;
    svg.replaceChildren(
      ...logTicks(low, high).flatMap((tick) => [
        draw("line", {class: "grid-line", x1: margin.left, x2: width - margin.right, y1: y(tick), y2: y(tick)}),
        draw("text", {x: margin.left - 7, y: y(tick) + 4, "text-anchor": "end"}, String(+tick.toPrecision(3)))]),
      draw("line", {class: "axis", x1: margin.left, x2: width - margin.right, y1: bottom, y2: bottom}),
      ...stepTicks(steps, width < 600 ? 4 : 8).map((tick) =>
        draw("text", {x: margin.left + tick / steps * (width - margin.left - margin.right), y: bottom + 17,
                      "text-anchor": "middle"}, whole(tick))),
      draw("text", {x: width - margin.right, y: bottom + 33, "text-anchor": "end"}, "step"),
      ...curves.flatMap((curve, index) => (shown[index] && curve.length > 0
        ? [draw("path", {class: "curve", stroke: runColour(index), "stroke-dasharray": runDashes(index),
                         d: "M" + curve.map((point) => `${x(point).toFixed(1)},${y(point.value).toFixed(1)}`).join("L")})]
        : [])), cursor);
  };
  whenSized(target, (now) => {
    width = now;
    render();
  });
  const rows = (column) => curves.flatMap((curve, index) =>
    (shown[index] && curve[column] ? [[names[index], curve[column].value.toFixed(4), runColour(index)]] : []));
  const title = (column) => {
    const {first, last} = longest[column];
    return first === last ? `Step ${whole(first + 1)}` : `Steps ${whole(first + 1)} to ${whole(last + 1)}`;
  };
  const ends = curves.map((curve, index) => `${names[index]} from ${curve[0]?.value.toFixed(2)} to ${curve.at(-1)?.value.toFixed(2)}`);
  explore(svg, {
    label: `Training loss over ${whole(steps)} steps: ${ends.join("; ")}`,
    columns: () => longest.length, rows: () => 1,
    at: (clientX) => {
      const box = svg.getBoundingClientRect();
      const share = (clientX - box.left - margin.left) / (box.width - margin.left - margin.right);
      return [Math.max(0, Math.min(longest.length - 1, Math.floor(share * longest.length))), 0];
    },
    point: (column) => {
      const box = svg.getBoundingClientRect();
      return [box.left + x(longest[column]), box.top + margin.top + 40];
    },
    text: (column) => `${title(column)}: ` + rows(column).map(([name, value]) => `${name} ${value}`).join(", "),
    tip: (column) => tipLines(title(column), rows(column)),
    mark: (column) => cursor.replaceChildren(...(column === null ? [] : [
      draw("line", {class: "cursor", x1: x(longest[column]), x2: x(longest[column]), y1: margin.top, y2: height() - margin.bottom}),
      ...curves.flatMap((curve, index) => (shown[index] && curve[column]
        ? [draw("circle", {cx: x(curve[column]), cy: y(curve[column].value), r: 3.5, fill: runColour(index)})] : []))])),
  });
  return {render};
}
