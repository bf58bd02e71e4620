// The settings with where they come from, and the build.

import { h, text, list, clip, number } from "./dom.js";
import { known } from "./store.js";

export function settings() {
  const filter = h("input", { type: "search", placeholder: "Filter by key or value", "aria-label": "Filter settings", oninput: () => view.update() });
  const only = h("input", { type: "checkbox", onchange: () => view.update() });
  const count = h("span", { class: "note", role: "status" });
  const body = h("tbody");
  const facts = h("dl", { class: "facts" });
  const view = {
    root: h("div", { class: "stack" },
      h("section", { class: "card" },
        h("div", { class: "tools" }, filter, h("label", null, only, " not the default only"), count),
        h("table", { class: "stacked settings" }, h("thead", null, h("tr", null, ["Setting", "Value", "Comes from"].map((c) => h("th", { scope: "col" }, c)))), body)),
      h("section", { class: "card" }, h("h2", null, "Build"), facts,
        h("p", { class: "links" }, "More: ", h("a", { href: "/metrics" }, "metrics"), h("a", { href: "/debug/pprof/" }, "profiles"), h("a", { href: "/api/" }, "what a script can ask")))),
    update() {
      const items = known.config?.items ?? [];
      const wanted = filter.value.trim().toLowerCase();
      const shown = items.filter((v) => (!only.checked || !v.default) && (!wanted || `${v.key} ${v.value} ${v.source}`.toLowerCase().includes(wanted)));
      text(count, `${number(shown.length)} of ${number(items.length)}`);
      list(body, shown, (v) => v.key, (v) => ({
        root: h("tr", { class: v.default ? "default" : "" },
          h("th", { scope: "row" }, h("code", null, clip(v.key, 100)), h("span", { class: "note" }, clip(v.doc ?? "", 300))),
          h("td", { "data-name": "Value" }, h("code", { class: "value" }, clip(v.value, 600))),
          h("td", { "data-name": "Comes from" }, v.default ? "default" : h("strong", null, clip(v.source, 200)), h("code", { class: "note" }, clip(v.variable, 100)))),
      }));
      const b = known.build ?? {};
      const rows = Object.entries({ Module: b.module, Version: b.version, Revision: b.revision, Modified: b.modified ? "yes" : "", Go: b.go, Platform: b.platform, Host: b.host, Process: b.pid, Built: b.built && new Date(b.built).toLocaleString("en-GB") }).filter(([, v]) => v);
      list(facts, rows, (r) => r[0], (r) => ({ root: h("div", null, h("dt", null, r[0]), h("dd", null, clip(r[1], 200))) }));
    },
  };
  return view;
}
