// What the checks say, by what a failing one means.

import { h, text, style, list, clip } from "./dom.js";
import { known } from "./store.js";

const kinds = [
  ["live", "Live", "/livez", "A failing one says that only a restart helps."],
  ["ready", "Ready", "/readyz", "A failing one says that no work can be taken now."],
  ["startup", "Startup", "/startupz", "A failing one says that the process has not come up yet."],
];

export function health() {
  const cards = kinds.map(([kind, name, path, meaning]) => {
    const pill = h("span");
    const rows = h("ul", { class: "checks" });
    const none = h("p", { class: "note" }, "There is no check of this kind.");
    const root = h("section", { class: "card" }, h("h2", null, name, " ", pill), h("p", { class: "sub" }, meaning, " ", h("a", { href: path }, path)), rows, none);
    return {
      root,
      set() {
        const running = known.lifecycle?.state === "running" && !known.ended;
        const checks = (known.checks?.items ?? []).filter((c) => c.kind === kind);
        const failing = checks.filter((c) => c.error).length;
        const up = failing === 0 && (kind === "live" || running);
        text(pill, up ? "passes" : failing ? `${failing} of ${checks.length} fail` : "the application is not running");
        style(pill, `pill ${up ? "good" : "bad"}`);
        none.hidden = checks.length > 0;
        list(rows, checks, (c) => c.name, (c) => {
          const dot = h("span", { "aria-hidden": "true" });
          const why = h("span", { class: "error" });
          const verdict = h("span", { class: "hidden" });
          return {
            root: h("li", null, dot, h("span", { class: "title" }, clip(c.name, 200)), verdict, why),
            set(now) {
              style(dot, `dot ${now.error ? "bad" : "good"}`);
              text(verdict, now.error ? "fails" : "passes");
              text(why, clip(now.error ?? "", 1000));
            },
          };
        });
      },
    };
  });
  return { root: h("div", { class: "stack" }, cards.map((c) => c.root)), update: () => cards.forEach((c) => c.set()) };
}
