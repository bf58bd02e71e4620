// Requests by route and sessions by server: rate, errors and latency, of the last
// minute where there were any, else from the start.

import { h, text, style, list, spark, amount, duration, percent, number, plural, clip } from "./dom.js";
import { known, within, quantile, routeName } from "./store.js";

const most = 100;

export function traffic() {
  const filter = h("input", { type: "search", placeholder: "Filter by route", "aria-label": "Filter routes", oninput: () => view.update() });
  const count = h("span", { class: "note", role: "status" });
  const routes = table("Route");
  const servers = table("Server");
  const connections = h("p", { class: "sub" });
  let all = false;
  const more = h("button", { class: "quiet", onclick: () => ((all = true), view.update()) });
  const none = h("p", { class: "empty" }, "No request has come yet.");
  const tcp = h("section", { class: "card" }, h("h2", null, "TCP"), servers.root);
  const view = {
    root: h("div", { class: "stack" },
      h("section", { class: "card" }, h("h2", null, "HTTP"), connections, h("div", { class: "tools" }, filter, count), routes.root, none, more), tcp),
    update() {
      const t = known.traffic;
      if (!t) return;
      const open = Object.entries(t.connections).map(([state, n]) => `${number(n)} ${state}`);
      text(connections, `${plural(t.requests_in_flight, "request")} in flight${open.length ? `; connections: ${open.join(", ")}` : ""}.`);
      const wanted = filter.value.trim().toLowerCase();
      const found = t.routes.filter((c) => !wanted || routeName(c).toLowerCase().includes(wanted));
      const rated = found.map((c) => ({ c, r: known.rates.routes.get(routeName(c)) })).filter((x) => x.r);
      rated.sort((a, b) => (b.r.rates.at(-1) ?? 0) - (a.r.rates.at(-1) ?? 0) || b.c.count - a.c.count || routeName(a.c).localeCompare(routeName(b.c)));
      const shown = all ? rated : rated.slice(0, most);
      text(count, plural(found.length, "route"));
      routes.set(shown, (x) => routeName(x.c), (x) => [h("span", { class: "method" }, x.c.method), h("span", { class: "title" }, clip(x.c.route, 200))]);
      none.hidden = t.routes.length > 0;
      more.hidden = shown.length === rated.length;
      text(more, `Show all ${number(rated.length)}`);
      tcp.hidden = t.servers.length === 0;
      servers.set(t.servers.map((c) => ({ c, r: known.rates.servers.get(c.server) })).filter((x) => x.r), (x) => x.c.server,
        (x) => [h("span", { class: "title" }, clip(x.c.server, 200)), h("span", { class: "note sessions" })]);
    },
  };
  return view;
}

function table(what) {
  const body = h("tbody");
  const root = h("table", { class: "stacked traffic" },
    h("thead", null, h("tr", null, [what, "Rate", "Requests", "Errors", "p50", "p95", "p99"].map((c) => h("th", { scope: "col" }, c)))), body);
  return {
    root,
    set(rows, key, name) {
      root.hidden = rows.length === 0;
      list(body, rows, key, (first) => {
        const chart = spark("Requests a second over the last minute");
        const rate = h("span");
        const cells = ["Requests", "Errors", "p50", "p95", "p99"].map((n) => h("td", { "data-name": n, class: "figures" }));
        const row = h("tr", null, h("th", { scope: "row" }, name(first)), h("td", { "data-name": "Rate", class: "figures rate" }, rate, chart.root), cells);
        const sessions = row.querySelector(".sessions");
        return {
          root: row,
          set({ c, r }) {
            let recent = within(r, 60);
            if (recent.count === 0) recent = { ...c, bounds: c.bounds ?? [], buckets: c.buckets ?? [] };
            text(rate, `${amount(r.rates.at(-1) ?? 0)} /s`);
            chart.set(r.rates);
            text(cells[0], number(c.count));
            text(cells[1], recent.failed > 0 ? `${percent(recent.failed, recent.count)}` : c.failed > 0 ? `${number(c.failed)} before` : recent.refused > 0 ? `${percent(recent.refused, recent.count)} refused` : "–");
            style(cells[1], `figures ${recent.failed > 0 ? "bad" : ""}`);
            [0.5, 0.95, 0.99].forEach((q, i) => {
              const v = quantile(recent, q);
              text(cells[2 + i], v === undefined ? "–" : duration(v));
            });
            if (sessions) text(sessions, plural(c.sessions ?? 0, "session"));
          },
        };
      });
    },
  };
}
