// Tables that modules add: a name, and rows of any fields.

import { h, text, clip, number } from "./dom.js";
import { known } from "./store.js";

export function panels() {
  const root = h("div", { class: "stack" });
  let shown = "";
  return {
    root,
    update() {
      const items = known.panels?.items ?? [];
      const now = JSON.stringify(items);
      if (now === shown) return;
      shown = now;
      root.replaceChildren(...items.map(table));
    },
  };
}

function table(panel) {
  const rows = (panel.rows ?? []).map(flat);
  const columns = [...new Set(rows.flatMap((r) => Object.keys(r)))];
  const card = h("section", { class: "card" }, h("h2", null, clip(panel.name, 100)));
  if (panel.error) card.append(h("p", { class: "error" }, clip(panel.error, 1000)));
  else if (rows.length === 0) card.append(h("p", { class: "empty" }, "Nothing is here."));
  else {
    card.append(h("table", { class: "stacked" },
      h("thead", null, h("tr", null, columns.map((c) => h("th", { scope: "col" }, clip(c, 60))))),
      h("tbody", null, rows.slice(0, 200).map((r) => h("tr", null, columns.map((c, i) => cell(c, r[c], i)))))));
    if (rows.length > 200) card.append(text(h("p", { class: "note" }), `The first 200 of ${number(rows.length)}.`));
  }
  return card;
}

const cell = (name, value, at) => h(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : { "data-name": name, class: "figures" },
  typeof value === "number" ? number(value) : clip(value ?? "–", 300));

// flat makes one level of a row: {counts: {running: 1}} becomes running.
function flat(row) {
  const out = {};
  for (const [key, value] of Object.entries(row ?? {})) {
    if (value !== null && typeof value === "object" && !Array.isArray(value)) Object.assign(out, value);
    else out[key] = typeof value === "object" ? JSON.stringify(value) : value;
  }
  return out;
}
