// The modules, and what each gives to and needs of the others, as a graph that one
// can follow: who is chosen shows whom it needs and who needs it.

import { h, svg, style, clip, plural } from "./dom.js";
import { known } from "./store.js";

const rootName = "container";

// model turns the graph of the API into modules with links: from who needs to
// who gives, and what.
function model(graph) {
  const modules = graph.modules.map((m) => ({ name: m.name || rootName, constructors: m.constructors, needs: new Map(), serves: new Map() }));
  const givers = new Map();
  for (const m of modules) {
    for (const c of m.constructors) {
      for (const type of c.gives) {
        if (!givers.has(type)) givers.set(type, new Set());
        givers.get(type).add(m);
      }
    }
  }
  for (const m of modules) {
    for (const c of m.constructors) {
      for (const type of c.needs ?? []) {
        for (const giver of givers.get(type) ?? []) {
          if (giver === m) continue;
          if (!m.needs.has(giver)) m.needs.set(giver, new Set());
          m.needs.get(giver).add(type);
          if (!giver.serves.has(m)) giver.serves.set(m, new Set());
          giver.serves.get(m).add(type);
        }
      }
    }
  }
  return { modules, givers };
}

// collected tells a value group: whoever needs it comes before those who give to it
// in the order of the rows, as they build upon who collects.
const collected = (types) => [...types].every((t) => t.includes("[group ="));

// layers puts each module below those that it needs; a group counts the other way
// round. What goes in a circle is cut where it is met.
function layers(modules) {
  const depth = new Map();
  const visit = (m, path) => {
    if (depth.has(m)) return depth.get(m);
    if (path.has(m)) return 0;
    path.add(m);
    let d = 0;
    for (const [giver, types] of m.needs) if (!collected(types)) d = Math.max(d, visit(giver, path) + 1);
    for (const [user, types] of m.serves) if (collected(types)) d = Math.max(d, visit(user, path) + 1);
    path.delete(m);
    depth.set(m, d);
    return d;
  };
  modules.forEach((m) => visit(m, new Set()));
  const rows = [];
  for (const m of modules) (rows[depth.get(m)] ??= []).push(m);
  return rows.filter(Boolean);
}

export function modules() {
  const root = h("div", { class: "stack" });
  let drawn = null;
  return {
    root,
    update() {
      if (!known.graph || drawn === known.graph) return;
      drawn = known.graph;
      root.replaceChildren(...draw(drawn));
    },
  };
}

function draw(graph) {
  const { modules, givers } = model(graph);
  const edges = svg("svg", { class: "edges", "aria-hidden": "true" });
  const nodes = new Map();
  const hooks = Map.groupBy(graph.hooks ?? [], (x) => x.name.split(".")[0]);
  const rows = layers(modules).map((row) => h("div", { class: "layer" }, row.map((m) => {
    const node = h("button", { class: "node", "aria-pressed": "false", onclick: () => choose(m) },
      h("span", { class: "title" }, clip(m.name, 60)), h("span", { class: "note" }, `gives ${new Set(m.constructors.flatMap((c) => c.gives)).size}, needs ${plural(m.needs.size, "module")}`));
    nodes.set(m, node);
    return node;
  })));
  const board = h("div", { class: "board" }, edges, rows);
  const detail = h("section", { class: "card", "aria-live": "polite" });
  const lines = [];
  for (const m of modules) for (const [giver] of m.needs) lines.push({ m, giver, path: edges.appendChild(svg("path", {})) });

  function place() {
    const box = board.getBoundingClientRect();
    if (box.width === 0) return;
    edges.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    for (const l of lines) {
      let [a, b] = [nodes.get(l.giver).getBoundingClientRect(), nodes.get(l.m).getBoundingClientRect()];
      if (a.top > b.top) [a, b] = [b, a];
      if (box.width < 520) { // one below the other: around those between them
        const [x1, y1, x2, y2] = [a.right - box.left, a.top + a.height / 2 - box.top, b.right - box.left, b.top + b.height / 2 - box.top];
        const out = Math.min(box.width, Math.max(x1, x2) + 14 + (y2 - y1) / 5);
        l.path.setAttribute("d", `M${x1} ${y1}C${out} ${y1} ${out} ${y2} ${x2} ${y2}`);
        continue;
      }
      const from = [a.left + a.width / 2 - box.left, a.bottom - box.top];
      const to = [b.left + b.width / 2 - box.left, b.top - box.top];
      if (Math.abs(a.top - b.top) < 4) { // side by side: an arc below both
        to[1] = b.bottom - box.top;
        l.path.setAttribute("d", `M${from}C${from[0]} ${from[1] + 24} ${to[0]} ${to[1] + 24} ${to}`);
        continue;
      }
      const bend = Math.max(16, (to[1] - from[1]) / 2);
      l.path.setAttribute("d", `M${from}C${from[0]} ${from[1] + bend} ${to[0]} ${to[1] - bend} ${to}`);
    }
  }

  function choose(m) {
    for (const [n, node] of nodes) {
      node.setAttribute("aria-pressed", String(n === m));
      style(node, `node ${n === m ? "chosen" : m.needs.has(n) ? "needed" : m.serves.has(n) ? "served" : "apart"}`);
    }
    for (const l of lines) style(l.path, l.m === m ? "needed" : l.giver === m ? "served" : "apart");
    for (const l of lines) if (l.m === m || l.giver === m) edges.append(l.path); // above the others
    tell(m);
  }

  const link = (m, label) => h("button", { class: "chip", onclick: () => {
    choose(m);
    nodes.get(m).focus();
  } }, clip(label, 120));

  function tell(m) {
    const relation = (name, map, kind) => h("div", { class: kind }, h("h3", null, name), map.size === 0 ? h("p", { class: "empty" }, "No other module.") :
      h("ul", { class: "relation" }, [...map].map(([other, types]) => h("li", null, link(other, other.name), h("span", { class: "types" }, [...types].map((t) => h("code", null, clip(short(t), 120))))))));
    const own = hooks.get(m.name) ?? [];
    detail.replaceChildren(
      h("h2", null, clip(m.name, 120)),
      h("p", { class: "sub" }, own.length ? `Hooks: ${own.map((x) => `${x.name} (${x.phase})`).join(", ")}.` : "No hook of its own."),
      h("div", { class: "two" }, relation("It needs", m.needs, "needed"), relation("It serves", m.serves, "served")),
      h("h3", null, "Constructors"),
      h("table", { class: "stacked constructors" }, h("thead", null, h("tr", null, ["Constructor", "Gives", "Needs"].map((c) => h("th", { scope: "col" }, c)))),
        h("tbody", null, m.constructors.map((c) => h("tr", null,
          h("th", { scope: "row" }, h("code", null, clip(plainName(c.name), 120)), c.decorated?.length ? h("span", { class: "note" }, `decorated by ${clip(c.decorated.map(plainName).join(", "), 200)}`) : null),
          h("td", { "data-name": "Gives" }, c.gives.map((t) => h("code", null, clip(short(t), 120)))),
          h("td", { "data-name": "Needs" }, (c.needs ?? []).map((t) => {
            const giver = [...(givers.get(t) ?? [])].find((x) => x !== m);
            return giver ? link(giver, short(t)) : h("code", null, clip(short(t), 120));
          })))))));
  }

  new ResizeObserver(place).observe(board);
  choose(modules.find((m) => m.name !== rootName && m.needs.size > 1) ?? modules[0]);
  return [h("section", { class: "card" }, h("p", { class: "sub" }, "Below a module stands who builds on it. Choose one to see ",
    h("span", { class: "key needed" }, "what it needs"), " and ", h("span", { class: "key served" }, "whom it serves"), "."), board), detail];
}

const short = (type) => type.replace(/\[group = "(.*)"\]/, " · group $1").replace(/\[name = "(.*)"\]/, " · $1");

// plainName shortens what Fx calls a constructor.
function plainName(name) {
  const inner = /^fx\.Annotate\((.*?), fx\./.exec(name)?.[1] ?? name;
  return inner.replace(/^.*\//, "").replace(/\(\)$/, "");
}
