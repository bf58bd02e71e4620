// Tasks: what runs, when next, what failed; and the buttons to run one now.

import { act, send } from "./api.js";
import { h, text, style, list, columns, nanos, duration, since, clip, number, plural } from "./dom.js";
import { known, trouble } from "./store.js";

const most = 200; // rows, unless all are asked for

export function tasks() {
  let all = false;
  const filter = h("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter tasks by name", oninput: () => view.update() });
  const only = h("input", { type: "checkbox", onchange: () => view.update() });
  const count = h("span", { class: "note", role: "status" });
  const body = h("tbody");
  const more = h("button", { class: "quiet", onclick: () => ((all = true), view.update()) });
  const shots = h("tbody");
  const shotCard = h("section", { class: "card" }, h("h2", null, "One-shots"),
    h("table", { class: "stacked" }, h("thead", null, h("tr", null, ["Name", "Running", "Waiting", "Longest so far"].map((c) => h("th", { scope: "col" }, c)))), shots));
  const table = h("table", { class: "stacked tasks" },
    h("thead", null, h("tr", null, ["Task", "State", "Runs", "Took", "Next", ""].map((c) => h("th", { scope: "col" }, c || h("span", { class: "hidden" }, "Action"))))), body);
  const empty = h("p", { class: "empty" }, "No task is here.");
  const view = {
    root: h("div", { class: "stack" },
      h("section", { class: "card" }, h("div", { class: "tools" }, filter, h("label", null, only, " in trouble only"), count), table, empty, more), shotCard),
    update() {
      const items = known.tasks?.items ?? [];
      const kept = items.filter((t) => t.kind !== "once");
      const wanted = filter.value.trim().toLowerCase();
      const found = kept.filter((t) => (!wanted || t.name.toLowerCase().includes(wanted)) && (!only.checked || trouble(t)));
      found.sort((a, b) => (trouble(b) ? 1 : 0) - (trouble(a) ? 1 : 0));
      const shown = all ? found : found.slice(0, most);
      text(count, found.length === kept.length ? plural(kept.length, "task") : `${number(found.length)} of ${number(kept.length)}`);
      list(body, shown, (t) => t.name, row);
      table.hidden = found.length === 0;
      empty.hidden = found.length > 0;
      more.hidden = shown.length === found.length;
      text(more, `Show all ${number(found.length)}`);
      oneShots(items.filter((t) => t.kind === "once"), shots, shotCard);
    },
  };
  return view;
}

const pills = { running: "good", starting: "warn", waiting: "calm", ended: "calm", failed: "bad", abandoned: "bad" };

function row(first) {
  const pill = h("span");
  const runs = h("td", { "data-name": "Runs", class: "figures" });
  const took = h("span");
  const chart = columns("How long the last runs took, failed ones marked");
  const next = h("td", { "data-name": "Next", class: "figures" });
  const error = h("p", { class: "error" });
  const button = h("button", { class: "quiet" });
  let now = first;
  button.addEventListener("click", () => run(now));
  const root = h("tr", null,
    h("th", { scope: "row" }, h("span", { class: "title" }, clip(first.name, 200)), h("span", { class: "note" }, first.kind), error),
    h("td", { "data-name": "State" }, pill), runs, h("td", { "data-name": "Took" }, h("span", { class: "took" }, took), chart.root), next, h("td", null, button));
  return {
    root,
    set(t) {
      now = t;
      const bad = trouble(t);
      style(root, bad ? "bad" : "");
      text(pill, t.failing && t.state === "waiting" ? "failing" : t.degraded ? `${t.state}, degraded` : t.state);
      style(pill, `pill ${bad ? "bad" : pills[t.state] ?? "calm"}`);
      text(runs, [number(t.starts), t.restarts ? plural(t.restarts, "restart") : "", t.failures ? `${number(t.failures)} failed` : ""].filter(Boolean).join(", "));
      text(took, t.took_ns ? nanos(t.took_ns) : t.state === "running" && t.begun ? `for ${duration(since(t.begun))}` : "–");
      chart.set(known.runs.get(t.name)?.all ?? []);
      const left = t.next ? -since(t.next) : NaN;
      text(next, !t.next ? "–" : left <= 0 ? "now" : `in ${duration(left)}`);
      if (t.next) next.title = new Date(t.next).toLocaleString("en-GB");
      text(error, t.error ? `${t.failing || bad ? "" : "Before: "}${clip(t.error, 400)}` : "");
      error.hidden = !t.error;
      const service = t.kind === "service";
      text(button, service && t.state === "running" ? "Restart" : "Run now");
      button.setAttribute("aria-label", `${button.textContent}: ${clip(t.name, 100)}`);
      button.hidden = !(t.state === "waiting" || (service && t.state === "running"));
    },
  };
}

function run(t) {
  const again = t.kind === "service" && t.state === "running";
  const name = clip(t.name, 100);
  act({
    title: again ? "Restart the service?" : "Run it now?",
    question: again
      ? `“${name}” is told to end, as by a stop, and begins again as soon as it has ended.`
      : `“${name}” begins a run at once instead of ${t.next ? `at ${new Date(t.next).toLocaleTimeString("en-GB")}` : "at its time"}.`,
    yes: again ? "Restart" : "Run now",
    danger: again,
    work: () => send("POST", "/api/tasks/run", { name: t.name }),
    done: again ? `${name} was told to end and to begin again.` : `${name} begins a run.`,
  });
}

function oneShots(items, body, card) {
  const groups = new Map();
  for (const t of items) {
    let g = groups.get(t.name);
    if (!g) groups.set(t.name, (g = { name: t.name, running: 0, waiting: 0, begun: null }));
    if (t.state === "running") {
      g.running++;
      if (!g.begun || t.begun < g.begun) g.begun = t.begun;
    } else g.waiting++;
  }
  card.hidden = groups.size === 0;
  list(body, [...groups.values()].slice(0, most), (g) => g.name, (g) => {
    const cells = ["Running", "Waiting", "Longest so far"].map((n) => h("td", { "data-name": n, class: "figures" }));
    return {
      root: h("tr", null, h("th", { scope: "row" }, clip(g.name, 200)), cells),
      set(now) {
        text(cells[0], number(now.running));
        text(cells[1], number(now.waiting));
        text(cells[2], now.begun ? duration(since(now.begun)) : "–");
      },
    };
  });
}
