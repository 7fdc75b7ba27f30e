(() => {
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const [X, Y] = data.axes, nx = X.values.length, ny = Y.values.length;
const byId = id => document.getElementById(id), NS = "http://www.w3.org/2000/svg";
const set = (made, attributes) => {
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
};
const element = (name, attributes, parent) => {
  const made = set(document.createElementNS(NS, name), attributes);
  parent.append(made);
  return made;
};
const text = (parent, words, attributes) => element("text", attributes, parent).append(words);
const node = (name, kind, ...parts) => {  // HTML; words among the parts go in as text, never as markup
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...parts);
  return made;
};
const shown = value => {
  if (value === null || value === undefined) return "\u2014";
  if (typeof value === "number") return String(Number(value.toPrecision(4))).replace("-", "\u2212");
  return value === "inf" ? "\u221e" : value;
};
const worth = (v, value) => v.text ? named(value) : shown(value);
const named = key => (data.looks[key] || {label: "\u2014"}).label;

// ---------------- the map
const letter = 6.7, longest = axis => Math.max(...axis.words.map(words => words.length)) * letter;
const left = Math.max(58, 34 + longest(Y));  // the words of the ticks, and the name beside them
const map = byId("map"), bottom = 46, top = 8, wide = 470, tall = 360;
set(map, {viewBox: `0 0 ${left + wide + 8} ${top + tall + bottom}`});
const borders = (axis, length) => {  // cell borders in pixels, between neighbours on the axis' own scale
  const at = axis.numeric && axis.values.every(Number.isFinite) ? axis.values.map(v => axis.log ? Math.log(v) : v)
    : axis.values.map((_, i) => i);
  const n = at.length, edge = [n > 1 ? at[0] - (at[1] - at[0]) / 2 : at[0] - 0.5];
  for (let i = 0; i < n - 1; i++) edge.push((at[i] + at[i + 1]) / 2);
  edge.push(n > 1 ? at[n - 1] + (at[n - 1] - at[n - 2]) / 2 : at[0] + 0.5);
  return edge.map(e => (e - edge[0]) / (edge[n] - edge[0]) * length);
};
const ex = borders(X, wide).map(v => left + v), ey = borders(Y, tall).map(v => top + tall - v);
const stops = ["#fbfbfa", "#f6dcc9", "#e5a06a", "#b5551f", "#5f2408"]
  .map(tone => [1, 3, 5].map(i => parseInt(tone.slice(i, i + 2), 16)));
const warm = share => {
  const at = Math.min(Math.max(share, 0), 1) * 4, i = Math.min(Math.floor(at), 3);
  return "rgb(" + stops[i].map((c, k) => Math.round(c + (at - i) * (stops[i + 1][k] - c))).join(",") + ")";
};
let variable = data.variables[0], pinned = null;
const share = value => variable.high > variable.low ? (variable.log ? Math.log(value / variable.low)
  / Math.log(variable.high / variable.low) : (value - variable.low) / (variable.high - variable.low)) : 0;
const colour = (i, j) => {
  const value = variable.values[j][i];
  if (data.failed[j][i] || value === null || value === "") return "url(#hatch)";
  if (variable.text) return data.looks[value].tone;
  return warm(typeof value === "number" ? share(value) : 1);
};
const said = (i, j) => `${X.label} ${X.words[i]}, ${Y.label} ${Y.words[j]}: ${variable.title} ` +
  (data.failed[j][i] ? data.status[j][i] : worth(variable, variable.values[j][i])) +
  (data.warned[j][i] ? ", warning: a better basin was overlooked" : "");
const cells = [], place = (i, j) => ({x: ex[i], y: ey[j + 1], width: ex[i + 1] - ex[i], height: ey[j] - ey[j + 1]});
const layer = element("g", {role: "grid", "aria-labelledby": "map-title"}, map);
for (let j = ny - 1; j >= 0; j--) {
  const line = element("g", {role: "row"}, layer);
  for (let i = 0; i < nx; i++) {
    const cell = element("rect", {...place(i, j), role: "gridcell", tabindex: -1,
      "data-cell": `${i},${j}`, class: "cell"}, line);
    element("title", {}, cell);
    (cells[i] ||= [])[j] = cell;
  }
}
element("rect", {x: left, y: top, width: wide, height: tall, class: "box", "pointer-events": "none"}, map);
const overlay = element("g", {"pointer-events": "none"}, map), frame = element("rect", {class: "frame"}, map);
const paint = () => {
  overlay.replaceChildren();
  for (let i = 0; i < nx; i++) for (let j = 0; j < ny; j++) {
    cells[i][j].setAttribute("fill", colour(i, j));
    cells[i][j].setAttribute("aria-label", said(i, j));
    cells[i][j].firstChild.textContent = said(i, j);
    const kind = (a, b) => data.failed[b][a] ? "" : variable.values[b][a];
    if (variable.text && i && kind(i, j) !== kind(i - 1, j))
      element("line", {x1: ex[i], x2: ex[i], y1: ey[j], y2: ey[j + 1], class: "border"}, overlay);
    if (variable.text && j && kind(i, j) !== kind(i, j - 1))
      element("line", {x1: ex[i], x2: ex[i + 1], y1: ey[j], y2: ey[j], class: "border"}, overlay);
    if (data.warned[j][i]) {
      const cx = (ex[i] + ex[i + 1]) / 2, cy = (ey[j] + ey[j + 1]) / 2;
      element("path", {d: `M${cx - 4} ${cy + 3.5}h8l-4 -7z`, class: "warning"}, overlay);
    }
  }
  byId("map-title").textContent = variable.title;
  byId("map-note").textContent = variable.description;
  legend();
};
const ticks = (axis, edges, across) => {
  const room = (across ? wide : tall) / axis.values.length, needed = across ? longest(axis) + 8 : 20;
  const every = Math.max(Math.ceil(axis.values.length / (across ? 7 : 9)), Math.ceil(needed / room));
  axis.words.forEach((words, i) => {
    if (i % every) return;
    const at = (edges[i] + edges[i + 1]) / 2;
    element("line", across ? {x1: at, x2: at, y1: top + tall, y2: top + tall + 4, class: "tick"}
      : {x1: left - 4, x2: left, y1: at, y2: at, class: "tick"}, map);
    text(map, words, across ? {x: at, y: top + tall + 16, class: "label", "text-anchor": "middle"}
      : {x: left - 7, y: at + 4, class: "label", "text-anchor": "end"});
  });
};
ticks(X, ex, true);
ticks(Y, ey, false);
text(map, X.label, {x: left + wide / 2, y: top + tall + 38, class: "name", "text-anchor": "middle"});
text(map, Y.label, {transform: `translate(13 ${top + tall / 2}) rotate(-90)`, class: "name", "text-anchor": "middle"});
const item = (...parts) => node("li", "", ...parts);
const chip = tone => {
  const made = node("span", "chip"), square = element("svg", {viewBox: "0 0 1 1", preserveAspectRatio: "none"}, made);
  element("rect", {width: 1, height: 1, fill: tone}, square);
  return made;
};
const legend = () => {
  const items = [];
  if (variable.text) {
    const present = new Set(variable.values.flat());
    for (const key in data.looks) if (present.has(key)) items.push(item(chip(data.looks[key].tone), named(key)));
  } else {
    const [low, high] = [variable.low, variable.high].map(value => worth(variable, value));
    const lowest = (variable.below ? "\u2264 " : "") + low;
    items.push(item(lowest, node("span", "ramp"), high + (variable.log ? " (logarithmic)" : "")));
  }
  if (data.failed.flat().some(Boolean)) items.push(item(node("span", "chip hatched"), "no number"));
  if (data.warned.flat().some(Boolean)) items.push(item(node("span", "mark", "\u25b2"), "a better basin was overlooked"));
  byId("legend").replaceChildren(...items);
};

// ---------------- one cell
let paths = null, floor = null;  // the floor, the landscape, is drawn once
if (data.paths) {
  const raw = Uint8Array.from(atob(data.paths.data), c => c.charCodeAt(0)), view = new DataView(raw.buffer);
  const [, , rules, moments, n] = data.paths.shape;
  paths = (i, j, k) => Array.from({length: moments}, (_, m) => Array.from({length: n}, (_, p) => {
    const value = view.getInt16(2 * ((((j * nx + i) * rules + k) * moments + m) * n + p), true);
    return value === -32768 ? NaN : data.paths.low + data.paths.step * (value + 32767);
  }));
}
if (data.paths) byId("signs").textContent = "\u25cb start" + (data.landscape ?
  (data.landscape.minima.length ? ", \u2605 minimum" : "") + "; the darker the ground, the lower the loss (equal areas)" : "") +
  "; colours of the paths: see the table";
const plane = byId("paths"), size = {width: 470, height: 330};
set(plane, {viewBox: `0 0 ${size.width} ${size.height}`});
const box = {x: 40, y: 10, width: size.width - 50, height: size.height - 48};
const drawPaths = (i, j) => {
  plane.replaceChildren();
  if (!paths) return;
  const n = data.paths.shape[4], end = data.paths.ends[j][i];
  const flat = points => points.map((p, m) => n > 1 ? p.slice(0, 2) : [end * data.paths.shares[m], p[0]]);
  const curves = data.paths.names.map((name, k) => ({name, points: flat(paths(i, j, k))}))
    .filter(curve => curve.points.every(p => p.every(Number.isFinite)));
  const own = curves.filter(curve => curve.name === "optimal"), ground = data.landscape;
  const all = (own.length ? own : curves).flatMap(curve => curve.points);
  const reach = k => {
    const v = all.map(p => p[k]), low = Math.min(...v), high = Math.max(...v), margin = 0.15 * (high - low) || 0.5;
    return [low - margin, high + margin];
  };
  const [x0, x1] = ground ? ground.box.slice(0, 2) : reach(0), [y0, y1] = ground ? ground.box.slice(2) : reach(1);
  const px = v => box.x + (v - x0) / (x1 - x0) * box.width, py = v => box.y + (y1 - v) / (y1 - y0) * box.height;
  const clip = element("clipPath", {id: "inside"}, plane);
  element("rect", box, clip);
  const inside = element("g", {"clip-path": "url(#inside)"}, plane);
  if (ground && floor) inside.append(floor);
  else if (ground) {
    floor = element("g", {}, inside);
    element("rect", {...box, class: "ground"}, floor).style.setProperty("--height", 1);
    ground.regions.forEach((outlines, k) => {  // from high to low, each inside the last
      const d = outlines.map(flat => "M" + Array.from({length: flat.length / 2}, (_, m) =>
        `${px(flat[2 * m]).toFixed(1)} ${py(flat[2 * m + 1]).toFixed(1)}`).join("L") + "Z").join("");
      element("path", {d, "fill-rule": "evenodd", class: "ground"}, floor)
        .style.setProperty("--height", 1 - (k + 1) / ground.regions.length);
    });
    ground.minima.forEach(p => text(floor, "\u2605",
      {x: px(p[0]), y: py(p[1]) + 5, class: "star", "text-anchor": "middle"}));
  }
  curves.reverse().forEach(curve => {
    const look = data.looks[curve.name], optimal = curve.name === "optimal";
    const points = curve.points.map(p => `${px(p[0]).toFixed(1)},${py(p[1]).toFixed(1)}`).join(" ");
    const line = element("polyline", {points,
      stroke: look.color, "stroke-dasharray": optimal ? "" : look.dash, class: optimal ? "path best" : "path",
      "data-rule": curve.name}, inside);
    element("title", {}, line).append(look.label);
  });
  if (all.length) element("circle", {cx: px(all[0][0]), cy: py(all[0][1]), r: 5, class: "start"}, inside);
  element("rect", {...box, class: "box"}, plane);
  [x0, (x0 + x1) / 2, x1].forEach((v, k) => text(plane, shown(Number(v.toPrecision(3))),
    {x: px(v), y: size.height - 24, class: "label", "text-anchor": ["start", "middle", "end"][k]}));
  [y0, y1].forEach((v, k) => text(plane, shown(Number(v.toPrecision(2))),
    {x: 36, y: py(v) + (k ? 10 : 0), class: "label", "text-anchor": "end"}));
  text(plane, n > 1 ? "parameter \u03b8\u2081" : "time",
    {x: size.width / 2 + 15, y: size.height - 6, class: "name", "text-anchor": "middle"});
  text(plane, n > 1 ? "\u03b8\u2082" : "\u03b8", {x: 8, y: size.height / 2, class: "name"});
};
const drawNumbers = (i, j) => {
  const rank = one => typeof one.regret === "number" ? one.regret : one.regret === "inf" ? 1e299 : 1e300;
  const rules = Object.entries(data.rules).map(([key, rule]) => ({key, rule, regret: rule.regret[j][i]}));
  const line = (look, ...words) => {
    const cells = words.map((part, k) => node("td", k === 1 ? "number" : "", part));
    const key = element("svg", {class: "key", viewBox: "0 0 26 8", "aria-hidden": "true"}, cells[0]);
    element("line", {x2: 26, y1: 4, y2: 4, stroke: look.color, "stroke-dasharray": look.dash, "stroke-width": 2.5}, key);
    cells[0].prepend(key);  // before the words
    return node("tr", "", ...cells);
  };
  const rows = paths ? [line(data.looks.optimal, named("optimal"), "0", "")] : [];
  rules.sort((a, b) => rank(a) - rank(b)).forEach(({key, rule, regret}) => {
    const found = Object.entries(rule.coefficients).filter(([, values]) => values[j][i] !== null)
      .map(([name, values]) => `${name.replaceAll("_", " ")} ${shown(values[j][i])}`).join(", ");
    const words = regret === null ? "does not apply" : regret === "inf" ? "runs off" : shown(regret);
    rows.push(set(line(data.looks[key], rule.label, words, found), {"data-rule": key}));
  });
  byId("rules").replaceChildren(...rows);
  byId("numbers").replaceChildren(...data.variables.map(v =>
    node("tr", "", node("td", "", v.title), node("td", "number", worth(v, v.values[j][i])))));
};
const look = (i, j) => {
  const here = byId("here");
  here.dataset.cell = `${i},${j}`;
  here.textContent = `${X.label} = ${X.words[i]}, ${Y.label} = ${Y.words[j]}`;
  byId("state").textContent = (data.status ? data.status[j][i] : "") +
    (data.message && data.message[j][i] ? ": " + data.message[j][i] : "") +
    (data.warned[j][i] ? ". Warning: a better basin was overlooked here." : "");
  set(frame, place(i, j));
  drawPaths(i, j);
  drawNumbers(i, j);
};
const pin = (i, j, focus) => {
  if (!(i >= 0 && i < nx && j >= 0 && j < ny)) return;
  if (pinned) set(cells[pinned[0]][pinned[1]], {tabindex: -1});
  pinned = [i, j];
  set(cells[i][j], {tabindex: 0});
  if (focus) cells[i][j].focus();
  look(i, j);
  history.replaceState(null, "", `#cell=${i},${j}&show=${encodeURIComponent(variable.name)}`);
};
const where = event => event.target.dataset.cell ? event.target.dataset.cell.split(",").map(Number) : null;
layer.addEventListener("mouseover", event => { const at = where(event); if (at) look(...at); });
layer.addEventListener("mouseleave", () => { if (pinned) look(...pinned); });
layer.addEventListener("click", event => { const at = where(event); if (at) pin(...at, true); });
layer.addEventListener("keydown", event => {
  const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key], at = where(event);
  if (!step || !at) return;
  event.preventDefault();
  pin(at[0] + step[0], at[1] + step[1], true);
});
const choice = byId("variable");
data.variables.forEach(v => choice.add(new Option(v.title, v.name)));
const show = name => {
  variable = data.variables.find(v => v.name === name) || data.variables[0];
  choice.value = variable.name;
  paint();
};
choice.addEventListener("change", () => { show(choice.value); if (pinned) pin(...pinned); });
const follow = () => {
  const asked = new URLSearchParams(location.hash.slice(1));
  show(asked.get("show"));
  const at = (asked.get("cell") || `${nx >> 1},${ny >> 1}`).split(",").map(Number);
  pin(...(at[0] < nx && at[1] < ny ? at : [0, 0]), false);
};
window.addEventListener("hashchange", follow);
follow();
})();
