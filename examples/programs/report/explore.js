// SPDX-License-Identifier: MIT
// Reading values off a chart: with the pointer, with a finger, and with the keyboard, where a chart acts as a slider
// whose value is read out.

const tip = document.getElementById("tip");

/// Shows `content` near a point of the window without leaving it.
function showTip(content, x, y) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = x + 14 + box.width > innerWidth - 6 ? x - 14 - box.width : x + 14;
  tip.style.left = Math.max(6, Math.min(left, innerWidth - box.width - 6)) + "px";
  tip.style.top = Math.max(6, Math.min(y - box.height - 12 < 6 ? y + 16 : y - box.height - 12,
                                       innerHeight - box.height - 6)) + "px";
}

function hideTip() { tip.hidden = true; }

/// Lines of a tip: a title, then [name, value, colour] each.
function tipLines(title, rows = []) {
  return [make("b", {}, title), ...rows.map(([name, value, colour]) =>
    make("div", {className: "row"}, make("span", {className: "name"}, ...(colour ? [swatch(colour)] : []), name),
         make("span", {}, value)))];
}

/// Makes `element` explorable over a grid of columns x rows (rows is 1 for most charts).
/// chart: {label, columns(), rows(), at(clientX, clientY) -> [column, row] or null, point(column, row) -> [x, y] in the
/// window, text(column, row), tip(column, row), mark(column, row) or mark(null)}
function explore(element, chart) {
  let column = 0;
  let row = 0;
  let started = false;
  element.tabIndex = 0;
  element.setAttribute("role", "slider");
  element.setAttribute("aria-label", chart.label);
  const announce = () => {
    element.setAttribute("aria-valuemin", "0");
    element.setAttribute("aria-valuemax", String(Math.max(0, chart.columns() * chart.rows() - 1)));
    element.setAttribute("aria-valuenow", String(row * chart.columns() + column));
    element.setAttribute("aria-valuetext", chart.text(column, row));
  };
  const show = () => {
    chart.mark(column, row);
    const [x, y] = chart.point(column, row);
    showTip(chart.tip(column, row), x, y);
  };
  const hide = () => {
    chart.mark(null);
    hideTip();
  };
  announce();
  element.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.round(chart.columns() / 10));
    const moves = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
                   PageUp: [page, 0], PageDown: [-page, 0], Home: [-Infinity, 0], End: [Infinity, 0]};
    if (event.key === "Escape") { hide(); return; }
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (move[1] !== 0 && chart.rows() === 1) { return; }
    event.preventDefault();
    if (started) {
      column = Math.max(0, Math.min(chart.columns() - 1, column + move[0]));
      row = Math.max(0, Math.min(chart.rows() - 1, row + move[1]));
    }
    started = true;
    announce();
    show();
  });
  element.addEventListener("blur", hide);
  const pointed = (event) => {
    const place = chart.at(event.clientX, event.clientY);
    if (!place) { hide(); return; }
    [column, row] = place;
    started = true;
    chart.mark(column, row);
    showTip(chart.tip(column, row), event.clientX, event.clientY);
  };
  element.addEventListener("pointermove", pointed);
  element.addEventListener("pointerdown", pointed);
  element.addEventListener("pointerleave", hide);
  addEventListener("scroll", hideTip, {passive: true});
}

/// Calls `render(width)` now and whenever the element's width changes.
function whenSized(element, render) {
  let last = 0;
  const check = () => {
    const width = Math.round(element.clientWidth);
    if (width > 0 && width !== last) {
      last = width;
      render(width);
    }
  };
  check();
  new ResizeObserver(check).observe(element);
}
