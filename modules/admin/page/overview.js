// What an operator looks at first: what is wrong, and the vital signs.

import { h, text, list, spark, amount, bytes, duration, nanos, since, clip, plural, number } from "./dom.js";
import { known, problems, trouble } from "./store.js";

export function overview() {
  const verdict = h("div", { class: "card verdict" });
  const tiles = [
    tile("Requests", "#/traffic", () => known.rates.requests, (v) => [amount(v), "/s"], () => `${number(known.traffic?.requests_in_flight ?? 0)} in flight`),
    tile("Errors", "#/traffic", () => known.rates.failed, () => {
      const n = sum(known.rates.requests);
      return n > 0 ? [amount((sum(known.rates.failed) / n) * 100), "%"] : ["0", "%"];
    }, () => "of the requests of the last minute", true),
    tile("Latency, p95", "#/traffic", () => known.rates.p95, (v) => [v > 0 ? duration(v) : "–", ""], () => "over the last 10 s"),
    tile("CPU", "#/settings", () => known.rates.cpu, (v) => [amount(v * 100), "%"], () => `of one core, of ${known.build?.cpus ?? "?"}`),
    tile("Memory", "#/settings", () => known.rates.memory, (v) => [bytes(v), ""], () => "resident"),
    tile("Goroutines", "/debug/pprof/goroutine?debug=1", () => known.rates.goroutines, (v) => [number(v), ""], () => (known.traffic?.process.open_fds ? `${number(known.traffic.process.open_fds)} open files` : "")),
  ];
  const facts = h("dl", { class: "card facts" });
  const recent = h("div", { class: "card" }, h("h2", null, "Warnings and errors"), h("ul", { class: "recent" }), h("p", { class: "empty" }, "None in the tail of the log."));
  return {
    root: h("div", { class: "stack" }, verdict, h("div", { class: "tiles" }, tiles.map((t) => t.root)), h("div", { class: "two" }, facts, recent)),
    update() {
      judge(verdict);
      tiles.forEach((t) => t.set());
      tell(facts);
      const warned = latest();
      list(recent.children[1], warned, (r) => r.what, (r) => {
        const times = h("span", { class: "note" });
        return {
          root: h("li", { class: r.level }, h("span", { class: "level" }, r.level), h("span", null, clip(r.what, 180)), times),
          set: (now) => text(times, now.times > 1 ? `×${number(now.times)}` : ""),
        };
      });
      recent.children[2].hidden = warned.length > 0;
    },
  };
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

// latest returns the last six different records from warn on, and how often each
// is in the tail.
function latest() {
  const found = new Map();
  for (const r of known.log.items.filter((r) => r.level !== "debug" && r.level !== "info").slice(-200)) {
    const what = message(r.line);
    const times = (found.get(what)?.times ?? 0) + 1;
    found.delete(what); // so that the last ones stand last
    found.set(what, { what, level: r.level, times });
  }
  return [...found.values()].slice(-6).reverse();
}

function message(line) {
  try {
    const r = JSON.parse(line);
    return [r.msg, r.task, r.error].filter(Boolean).join(" · ");
  } catch {
    return line;
  }
}

function judge(card) {
  const wrong = problems();
  const r = known.lifecycle;
  if (!r) return;
  const running = r.state === "running" && !known.ended;
  card.className = `card verdict ${!running ? "warn" : wrong.length > 0 ? "bad" : "good"}`;
  if (!card.firstChild) card.append(h("p", { class: "headline" }), h("p", { class: "sub" }), h("ul", { class: "problems" }));
  const [headline, sub, ul] = card.children;
  text(headline, !running ? `The service is ${known.ended ? "down" : r.state}.` : wrong.length > 0 ? `${plural(wrong.length, "problem")}` : "All is well.");
  text(sub, running ? `Running for ${duration(since(r.start.begin))}. Started in ${nanos(r.start.duration_ns)}, ${plural(r.hooks.length, "hook")}.` : "");
  list(ul, wrong.slice(0, 12), (p) => p.what, () => {
    const a = h("a", {});
    const why = h("span", { class: "why" });
    return {
      root: h("li", null, a, why),
      set(p) {
        a.href = p.where;
        text(a, clip(p.what, 160));
        text(why, clip(p.why, 240));
      },
    };
  });
}

function tile(name, href, values, form, note, bad) {
  const figure = h("span", { class: "figure" });
  const unit = h("span", { class: "unit" });
  const below = h("span", { class: "note" });
  const chart = spark(`${name} over the last minute`);
  const root = h("a", { class: "card tile", href }, h("span", { class: "name" }, name), h("span", { class: "reading" }, figure, unit), chart.root, below);
  return {
    root,
    set() {
      const v = values();
      const [n, u] = form(v.at(-1) ?? 0);
      text(figure, n);
      text(unit, u);
      text(below, note());
      chart.set(v);
      root.className = `card tile ${bad && v.some((x) => x > 0) ? "bad" : ""}`;
    },
  };
}

function tell(dl) {
  const all = known.tasks?.items ?? [];
  const kept = all.filter((t) => t.kind !== "once");
  const failing = kept.filter(trouble).length;
  const checks = known.checks?.items ?? [];
  const sessions = (known.traffic?.servers ?? []).reduce((n, s) => n + (s.sessions ?? 0), 0);
  const b = known.build ?? {};
  const rows = [
    ["Tasks", `${plural(kept.length, "task")}${failing ? `, ${failing} in trouble` : ""}`],
    ["One-shots", `${number(all.length - kept.length)} running or waiting`],
    ["Checks", checks.length === 0 ? "none" : `${checks.filter((c) => !c.error).length} of ${checks.length} pass`],
    ["TCP sessions", number(sessions)],
    ["Routes seen", number(known.rates.routes.size)],
    ["Version", clip([b.module, b.version].filter(Boolean).join(" "), 80)],
    ["Revision", b.revision ? `${b.revision.slice(0, 12)}${b.modified ? ", modified" : ""}` : "not known"],
    ["Runs on", `${b.platform}, ${b.go}, ${plural(b.cpus ?? 0, "CPU")}`],
    ["Process", `${b.pid}${b.host ? ` on ${clip(b.host, 60)}` : ""}`],
  ];
  list(dl, rows, (r) => r[0], (r) => {
    const dd = h("dd");
    return { root: h("div", null, h("dt", null, r[0]), dd), set: (now) => text(dd, now[1]) };
  });
}
