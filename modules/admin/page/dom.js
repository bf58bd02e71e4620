// Building and changing elements. Text is only ever set as text: what comes from
// outside is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

// h makes an element: h("a", {href: "#/", class: "x", onclick: f}, "text", child).
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

// svg is h for what is drawn.
export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

// text sets the text of an element where it differs: most do not.
export function text(element, value) {
  const wanted = value === undefined || value === null ? "" : String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
  return element;
}

// style sets the class of an element where it differs.
export function style(element, value) {
  if (element.getAttribute("class") !== value) element.setAttribute("class", value);
  return element;
}

// list makes the children of parent those of items: make(item) builds what is new
// and returns {root, set}; set(item) is called for each. Elements are kept by key.
export function list(parent, items, key, make) {
  const known = (parent.known ??= new Map());
  const seen = new Set();
  let at = parent.firstElementChild;
  for (const item of items) {
    let k = key(item);
    while (seen.has(k)) k += "'"; // the same name twice
    seen.add(k);
    let row = known.get(k);
    if (!row) known.set(k, (row = make(item)));
    row.set?.(item);
    if (row.root === at) at = at.nextElementSibling;
    else parent.insertBefore(row.root, at);
  }
  for (const [k, row] of known) {
    if (seen.has(k)) continue;
    row.root.remove();
    known.delete(k);
  }
}

// clip shortens what may be a megabyte.
export function clip(value, most = 400) {
  const s = String(value ?? "");
  return s.length <= most ? s : `${s.slice(0, most)} … (${number(s.length - most)} more characters)`;
}

const group = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export const number = (n) => (n < 10_000 ? group.format(Math.round(n)) : short.format(n));

// amount is a number that may be small.
export function amount(n) {
  if (!Number.isFinite(n)) return "–";
  if (n === 0) return "0";
  return n >= 100 ? number(n) : n >= 10 ? n.toFixed(1) : n.toFixed(n >= 1 ? 1 : 2);
}

export const percent = (part, whole) => (whole > 0 ? `${amount((part / whole) * 100)} %` : "–");

export function bytes(n) {
  if (!Number.isFinite(n)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

// duration takes seconds.
export function duration(s) {
  if (!Number.isFinite(s)) return "–";
  if (s < 0) s = 0;
  if (s < 0.001) return s === 0 ? "0 s" : `${Math.max(1, Math.round(s * 1e6))} µs`;
  if (s < 0.1) return `${(s * 1e3).toFixed(1)} ms`;
  if (s < 1) return `${Math.round(s * 1e3)} ms`;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min ${Math.floor(s % 60)} s`;
  const hours = Math.floor(m / 60);
  if (hours < 24) return `${hours} h ${m % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export const nanos = (ns) => duration(ns / 1e9);

export const since = (time) => (Date.now() - Date.parse(time)) / 1e3;

export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

export const plural = (n, one) => `${number(n)} ${n === 1 ? one : `${one}s`}`;

// spark draws values as a line in the width that there is, the last at the right.
export function spark(label) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const root = svg("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", role: "img", "aria-label": label }, area, line);
  return {
    root,
    set(values) {
      const shown = values.slice(-60);
      const top = Math.max(...shown, 1e-12);
      const step = 100 / Math.max(11, shown.length - 1);
      const begin = 100 - step * (shown.length - 1);
      const points = shown.map((v, i) => `${(begin + i * step).toFixed(1)} ${(22.5 - (v / top) * 20).toFixed(1)}`);
      line.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
      area.setAttribute("d", points.length > 1 ? `M${points.join("L")}L100 24L${begin.toFixed(1)} 24Z` : "");
    },
  };
}

// columns draws the last values as bars, the failed ones marked.
export function columns(label) {
  const most = 24;
  const root = svg("svg", { class: "columns", viewBox: `0 0 ${most * 4} 20`, role: "img", "aria-label": label });
  const bars = Array.from({ length: most }, (_, i) => svg("rect", { x: i * 4, width: 3, rx: 0.6, y: 20, height: 0 }));
  root.append(...bars);
  return {
    root,
    set(values) {
      const shown = values.slice(-most);
      const top = Math.max(...shown.map((v) => v.value), 1e-12);
      bars.forEach((bar, i) => {
        const v = shown[i];
        const height = v ? Math.max(1.5, (v.value / top) * 19) : 0;
        bar.setAttribute("y", (20 - height).toFixed(1));
        bar.setAttribute("height", height.toFixed(1));
        style(bar, v?.bad ? "bad" : "");
      });
    },
  };
}
