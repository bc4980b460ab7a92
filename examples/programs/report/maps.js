// SPDX-License-Identifier: MIT
// Heat maps of units over steps: which were active, and how far each moved.

const MAP_COLUMNS = 90;

function cssColour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

/// Calls `render` again when the colour scheme changes.
function whenSchemeChanges(render) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
}

/// One heat map. map: {name, note, columns: [{title}], values[column][row] in 0..1 or null, text(column, row), label}
function heatMap(map, unitNames, groups) {
  const units = unitNames.length;
  const canvas = make("canvas", {"aria-hidden": "true"});
  const cell = make("div", {className: "cell", hidden: true});
  const area = make("div", {className: "map-canvas"}, canvas, cell);
  const rowHeight = units > 80 ? 4 : units > 20 ? 6 : 12;
  const height = units * rowHeight;
  const render = () => {
    const low = cssColour("--cell-low");
    const high = cssColour("--cell-high");
    const scale = devicePixelRatio || 1;
    const width = Math.max(1, area.clientWidth);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = height + "px";
    const paint = canvas.getContext("2d");
    const edge = (index, count, extent) => Math.round(index / count * extent);
    map.values.forEach((column, x) => {
      const left = edge(x, map.values.length, canvas.width);
      const right = edge(x + 1, map.values.length, canvas.width);
      column.forEach((value, row) => {
        if (value === null) { return; }
        const top = edge(row, units, canvas.height);
        const mixed = low.map((channel, i) => Math.round(channel + value * (high[i] - channel)));
        paint.fillStyle = `rgb(${mixed.join(",")})`;
        paint.fillRect(left, top, right - left, edge(row + 1, units, canvas.height) - top);
      });
    });
    paint.fillStyle = `rgb(${cssColour("--surface").join(",")})`;
    for (const group of groups.slice(1)) {
      paint.fillRect(0, edge(group.first, units, canvas.height) - Math.round(scale), canvas.width, Math.round(2 * scale));
    }
  };
  const labels = make("div", {className: "map-rows", "aria-hidden": "true", style: {height: height + "px"}},
    ...groups.map((group) => make("span", {style: {top: (group.first + group.count / 2) * rowHeight + "px"}}, group.name)));
  const axis = make("div", {className: "map-steps", "aria-hidden": "true"},
    make("span", {}, map.firstStep), make("span", {}, "step"), make("span", {}, map.lastStep));
  const figure = make("figure", {className: "map"},
    make("figcaption", {}, make("h3", {}, map.name), make("span", {className: "muted small"}, map.note)),
    make("div", {className: "map-body"}, labels, area, axis));
  requestAnimationFrame(() => whenSized(area, render));
  whenSchemeChanges(render);
  explore(area, {
    label: map.label, columns: () => map.values.length, rows: () => units,
    at: (x, y) => {
      const box = area.getBoundingClientRect();
      const column = Math.floor((x - box.left) / box.width * map.values.length);
      const row = Math.floor((y - box.top) / box.height * units);
      return column >= 0 && row >= 0 && column < map.values.length && row < units ? [column, row] : null;
    },
    point: (column, row) => {
      const box = area.getBoundingClientRect();
      return [box.left + (column + 1) / map.values.length * box.width, box.top + row / units * box.height];
    },
    text: (column, row) => `${unitName(unitNames[row])}, ${map.titles[column]}: ${map.text(column, row)}`,
    tip: (column, row) => tipLines(unitName(unitNames[row]), [[map.titles[column], map.text(column, row)]]),
    mark: (column, row) => {
      cell.hidden = column === null;
      if (column === null) { return; }
      Object.assign(cell.style, {left: 100 * column / map.values.length + "%", width: 100 / map.values.length + "%",
                                 top: 100 * row / units + "%", height: 100 / units + "%"});
    },
  });
  return figure;
}

function scaleLegend(target, low, high) {
  target.append(make("span", {}, low), make("i", {role: "img", "aria-label": `colours from ${low} to ${high}`}),
                make("span", {}, high));
}

function activityMap(run, name) {
  const steps = run.active.length;
  const count = Math.min(MAP_COLUMNS, steps);
  const edges = Array.from({length: count + 1}, (_, i) => Math.round(i / count * steps));
  const values = Array.from({length: count}, (_, i) => {
    const column = new Array(run.units).fill(0);
    for (let step = edges[i]; step < edges[i + 1]; ++step) {
      for (const unit of run.active[step]) { column[unit] += 1 / (edges[i + 1] - edges[i]); }
    }
    return column;
  });
  const mean = run.active.reduce((sum, active) => sum + active.length, 0) / Math.max(1, steps);
  return {
    name, values, note: `${mean.toFixed(mean % 1 ? 1 : 0)} of ${run.units} units per step`,
    titles: values.map((_, i) => (edges[i + 1] - edges[i] === 1 ? `step ${whole(edges[i] + 1)}`
                                                                : `steps ${whole(edges[i] + 1)} to ${whole(edges[i + 1])}`)),
    firstStep: "1", lastStep: whole(steps),
    text: (column, row) => `updated in ${percent(values[column][row], 0)}`,
    label: `Which units were active in ${name}: ${mean.toFixed(1)} of ${run.units} units per step, ${whole(steps)} steps`,
  };
}

function activityShares(run) {
  const shares = new Array(run.units).fill(0);
  for (const active of run.active) { for (const unit of active) { shares[unit] += 1 / run.active.length; } }
  return shares;
}

function activitySection(runs, names, unitNames) {
  const groups = unitGroups(unitNames);
  scaleLegend(document.getElementById("activity-scale"), "frozen", "updated in every step");
  document.getElementById("activity").append(
    ...runs.map((run, index) => heatMap(activityMap(run, names[index]), unitNames, groups)));
  const shares = runs.map(activityShares);
  document.getElementById("activity-table").append(table("Share of steps in which each unit was updated", ["Unit", ...names],
    unitNames.map((name, unit) => [unitName(name), ...shares.map((share) => percent(share[unit], 1))])));
}

function distanceSection(runs, names, unitNames) {
  const chosen = runs.map((run, index) => ({run, index})).filter(({run}) => (run.distances ?? []).length > 0);
  if (chosen.length === 0) {
    document.getElementById("distance-section").hidden = true;
    return;
  }
  const all = chosen.flatMap(({run}) => run.distances.flatMap((sample) => sample.values)).filter((value) => value > 0);
  all.sort((a, b) => a - b);
  const at = (share) => all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? 1;
  const [low, high] = [at(0.02), at(0.98)];
  const place = (value) => Math.max(0, Math.min(1, Math.log(value / low) / Math.max(1e-9, Math.log(high / low))));
  scaleLegend(document.getElementById("distance-scale"), tiny(low), tiny(high));
  const groups = unitGroups(unitNames);
  document.getElementById("distance").append(...chosen.map(({run, index}) => {
    const steps = run.distances.map((sample) => sample.step + 1);
    return heatMap({
      name: names[index], note: `${steps.length} samples`,
      values: run.distances.map((sample) => sample.values.map((value) => (value > 0 ? place(value) : value === null ? null : 0))),
      titles: steps.map((step) => `step ${whole(step)}`), firstStep: whole(steps[0]), lastStep: whole(steps.at(-1)),
      text: (column, row) => {
        const value = run.distances[column].values[row];
        return value === null ? "not updated yet" : tiny(value);
      },
      label: `How far each unit moved in ${names[index]}, ${steps.length} samples`,
    }, unitNames, groups);
  }));
  document.getElementById("distance-table").append(table("Last distance of each unit", ["Unit", ...chosen.map(({index}) => names[index])],
    unitNames.map((name, unit) => [unitName(name), ...chosen.map(({run}) => {
      const value = run.distances.at(-1).values[unit];
      return value === null ? "\u2013" : tiny(value);
    })])));
}
