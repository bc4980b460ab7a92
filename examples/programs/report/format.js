// SPDX-License-Identifier: MIT
// Numbers and names as people read them, and the making of elements.

const MEBIBYTE = 1024 * 1024;

function mebibytes(bytes) {
  const value = bytes / MEBIBYTE;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function size(bytes) {
  return bytes > 0 && bytes < MEBIBYTE / 100 ? (bytes / 1024).toFixed(1) + " KiB" : mebibytes(bytes) + " MiB";
}

function percent(share, digits = 2) {
  return (100 * share).toFixed(digits) + " %";
}

function whole(number) {
  return Math.round(number).toLocaleString("en").replaceAll(",", "\u202f");
}

function times(ratio) {
  return ratio.toFixed(ratio < 10 ? 2 : 1) + "\u00d7";
}

function tiny(number) {
  return number === 0 ? "0" : number >= 1e-3 && number < 1e3 ? number.toPrecision(2) : number.toExponential(1);
}

/// "slim, 75 % frozen"; the seed too where runs differ only in it.
function runNames(runs) {
  const plain = runs.map((run) => run.policy + (run.rate > 0 ? `, ${+run.rate.toFixed(1)} % frozen` : ""));
  return plain.map((name, i) => (plain.indexOf(name) !== plain.lastIndexOf(name) ? `${name}, seed ${runs[i].seed}` : name));
}

/// Names of weights as a reader of the model's structure would call them.
function unitName(name) {
  const layer = /(?:layer|layers|blocks|h)\.(\d+)\.(.+)$/.exec(name);
  const rest = (layer ? layer[2] : name).replace(/\.weight$/, "");
  const known = [
    [/cls_token$/, "class token"], [/position_embeddings$/, "position table"], [/patch_embeddings/, "patch projection"],
    [/query$/, "query"], [/key$/, "key"], [/value$/, "value"], [/attention\.output\.dense$/, "attention output"],
    [/intermediate\.dense$/, "MLP, first"], [/output\.dense$/, "MLP, second"],
    [/layernorm_before$|attention\.output\.LayerNorm$/, "first LayerNorm"],
    [/layernorm_after$|output\.LayerNorm$/, "second LayerNorm"], [/classifier$/, "classifier"]];
  const found = known.find(([pattern]) => pattern.test(rest));
  return (layer ? `block ${+layer[1] + 1}, ` : "") + (found ? found[1] : rest);
}

/// Neighbouring units of one part of the model: [{name, first, count}].
function unitGroups(names) {
  const groups = [];
  names.forEach((name, unit) => {
    const layer = /(?:layer|layers|blocks|h)\.(\d+)\./.exec(name);
    const group = layer ? `block ${+layer[1] + 1}` : unit < names.length / 2 ? "inputs" : "head";
    const last = groups[groups.length - 1];
    if (last && last.name === group) { last.count += 1; } else { groups.push({name: group, first: unit, count: 1}); }
  });
  return groups;
}

/// An element with properties, attributes ("aria-label" and the like, `style` as an object) and children.
function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "style") {
      for (const [name, setting] of Object.entries(value)) { element.style.setProperty(name, setting); }
    } else if (key in element) { element[key] = value; } else { element.setAttribute(key, value); }
  }
  element.append(...children);
  return element;
}

function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) { element.setAttribute(key, value); }
  element.append(...children);
  return element;
}

/// A table with a header row and row headers. Cells are strings or {text, best}.
function table(caption, head, rows) {
  const cell = (content) => (typeof content === "object" ? make("td", {className: content.best ? "best" : ""}, content.text)
                                                         : make("td", {}, content));
  return make("table", {},
    make("caption", {className: "hidden"}, caption),
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", {scope: "col"}, text)))),
    make("tbody", {}, ...rows.map(([first, ...rest]) =>
      make("tr", {}, make("th", {scope: "row"}, first), ...rest.map(cell)))));
}

/// A run's colour and dashes: distinguishable without colours too.
function runColour(index) { return `var(--run-${index % 8})`; }
function runDashes(index) { return ["", "7 3", "2 3", "9 3 2 3"][index % 4]; }
function swatch(colour) { return make("i", {className: "swatch", style: {background: colour}}); }
