// Start and stop as a waterfall: when each hook ran, for how long, and how it
// ended. While the application stops, what is awaited stands above every part.

import { h, text, style, list, nanos, duration, clip, plural, number } from "./dom.js";
import { known } from "./store.js";

export function life() {
  const start = waterfall("Start", "start");
  const stop = waterfall("Stop", "stop");
  const left = h("div", { class: "card", hidden: true }, h("h2", null, "Left behind"), h("pre", { tabindex: "0" }));
  return {
    root: h("div", { class: "stack" }, stop.root, start.root, left),
    update() {
      const r = known.lifecycle;
      if (!r) return;
      start.set(r);
      stop.set(r);
      left.hidden = !r.goroutines_left?.length;
      text(left.lastChild, clip((r.goroutines_left ?? []).join("\n"), 20_000));
    },
  };
}

const colours = { ok: "ok", running: "running", error: "bad", panic: "bad", abandoned: "bad", late: "bad" };

function waterfall(name, op) {
  const sub = h("p", { class: "sub" });
  const axis = h("div", { class: "axis", "aria-hidden": "true" }, h("span"), h("span"), h("span"), h("span"), h("span"));
  const rows = h("ul", { class: "rows" });
  const wrong = h("p", { class: "bad" });
  const root = h("section", { class: "card waterfall" }, h("h2", null, name), sub, axis, rows, wrong);
  return {
    root,
    set(r) {
      const span = r[op];
      root.hidden = !span.begin;
      if (!span.begin) return;
      const begin = Date.parse(span.begin) * 1e6 + fraction(span.begin);
      const calls = r.hooks.filter((x) => x[op]).map((x) => {
        const c = x[op];
        return { name: x.name, phase: x.phase, ...c, from: Date.parse(c.begin) * 1e6 + fraction(c.begin) - begin };
      });
      calls.sort((a, b) => a.from - b.from);
      const first = calls[0]?.from ?? (r.state === "stopping" ? span.duration_ns : 0);
      if (op === "stop" && first > 50e6) {
        calls.unshift({ name: "drain delay", phase: "still serving, not ready", from: 0, duration_ns: first, outcome: calls.length ? "ok" : "running" });
      }
      const total = Math.max(span.duration_ns, ...calls.map((c) => c.from + c.duration_ns), 1);
      text(sub, `${when(span.begin)}, ${nanos(span.duration_ns)}${op === "stop" && r.cause ? `. Why: ${clip(r.cause, 300)}` : ""}`);
      text(wrong, op === "stop" ? clip(r.error ?? "", 2000) : "");
      wrong.hidden = !wrong.textContent;
      [...axis.children].forEach((tick, i) => text(tick, nanos((total * i) / 4)));
      list(rows, calls.map((c) => ({ ...c, total })), (c) => c.name, row);
    },
  };
}

// fraction returns the part of a time below a millisecond, in nanoseconds.
function fraction(time) {
  const digits = /\.(\d+)/.exec(time)?.[1] ?? "";
  return Number((digits + "000000000").slice(3, 9));
}

const when = (time) => new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });

function row() {
  const name = h("span", { class: "hook" });
  const phase = h("span", { class: "phase" });
  const bar = h("span", { class: "bar" });
  const took = h("span", { class: "took" });
  const more = h("details", { hidden: true }, h("summary"), h("pre", { tabindex: "0" }));
  const root = h("li", null, h("span", { class: "who" }, name, phase), h("span", { class: "track" }, bar), took, more);
  return {
    root,
    set(c) {
      text(name, clip(c.name, 200));
      text(phase, c.phase);
      style(bar, `bar ${colours[c.outcome] ?? "bad"}`);
      bar.style.left = `min(${(c.from / c.total) * 100}%, 100% - 3px)`;
      bar.style.width = `${Math.max(0, c.duration_ns / c.total) * 100}%`;
      text(took, `${nanos(c.duration_ns)}${c.outcome === "ok" ? "" : ` ${c.outcome}`}`);
      style(took, `took ${c.outcome === "ok" ? "" : (colours[c.outcome] ?? "bad")}`);
      const detail = [c.error, c.stack].filter(Boolean).join("\n\n");
      more.hidden = !detail;
      text(more.firstChild, c.error ? clip(c.error, 200) : "where it is held");
      text(more.lastChild, clip(detail, 20_000));
    },
  };
}

// awaited shows what a stop waits for, to its end.
export function awaited(box) {
  const r = known.lifecycle;
  const stopping = r && (r.state === "stopping" || known.ended || (r.state === "stopped" || r.state === "failed"));
  box.hidden = !stopping;
  if (!stopping) {
    box.replaceChildren();
    return;
  }
  if (!box.firstChild) {
    box.append(h("section", { class: "card stopping", "aria-label": "Stop" }, h("h2"), h("p", { class: "sub" }), h("div", { class: "meter" }, h("span")), h("ul", { class: "awaits" })));
  }
  const [title, sub, meter, ul] = box.firstChild.children;
  const setting = (key) => known.config?.items.find((v) => v.key === key)?.value;
  const limit = seconds(setting("app.stop_timeout"));
  const spent = r.stop.duration_ns / 1e9;
  box.firstChild.className = `card stopping ${known.ended ? "over" : ""}`;
  text(title, known.ended === "unseen" ? "The service is gone" : known.ended ? "The service has stopped" : r.state === "stopping" ? "The service is stopping" : `The service has ${r.state}`);
  text(sub, known.ended === "unseen"
    ? `The connection ended in the middle of its stop, ${duration(spent)} after it began.`
    : known.ended
    ? `All was released in ${duration(spent)} but the log, which ends with the process.${r.cause ? ` Why: ${clip(r.cause, 200)}.` : ""}`
    : `For ${duration(spent)}${limit ? ` of at most ${duration(limit)}` : ""}.${r.cause ? ` Why: ${clip(r.cause, 200)}.` : ""}`);
  meter.firstChild.style.width = known.ended ? "100%" : `${Math.min(100, limit ? (spent / limit) * 100 : 0)}%`;
  list(ul, known.ended ? [] : waits(r, setting), (w) => w.what, () => {
    const what = h("strong");
    const why = h("span");
    const time = h("span", { class: "time" });
    return {
      root: h("li", null, what, time, why),
      set(w) {
        text(what, clip(w.what, 160));
        text(time, w.time);
        text(why, clip(w.why, 400));
      },
    };
  });
}

function waits(r, setting) {
  const running = r.hooks.filter((x) => x.stop?.outcome === "running");
  if (running.length === 0 && !r.hooks.some((x) => x.stop)) {
    return [{ what: "Drain delay", time: nanos(r.stop.duration_ns), why: `Not ready any more, still serving, so that others turn away (${setting("app.drain_delay") ?? "?"}).` }];
  }
  return running.map((x) => ({ what: x.name, time: nanos(x.stop.duration_ns), why: reason(x, setting) }));
}

// reason tells what holds a hook, where that is known.
function reason(hook, setting) {
  const t = known.traffic;
  if (hook.name.startsWith("http.")) return `${plural(t?.requests_in_flight ?? 0, "request")} under way, cancelled after ${setting("http.drain_timeout") ?? "its limit"}.`;
  if (hook.name.startsWith("tcp.")) {
    const open = (t?.servers ?? []).reduce((n, s) => n + (s.sessions ?? 0), 0);
    return `${plural(open, "session")} open, cancelled after ${setting("tcp.drain_timeout") ?? "its limit"}.`;
  }
  if (hook.name.startsWith("dispatcher.")) {
    const busy = (known.tasks?.items ?? []).filter((x) => x.state === "running" || x.state === "starting" || (x.kind === "once" && x.state === "waiting"));
    const names = [...new Set(busy.map((x) => x.name))];
    return names.length === 0 ? "" : `${number(busy.length)} not ended: ${names.slice(0, 8).join(", ")}${names.length > 8 ? " …" : ""}. Left behind after ${setting("dispatcher.stop_timeout") ?? "its limit"}.`;
  }
  return "";
}

// seconds reads a duration as Go writes it: 1m30s.
function seconds(value) {
  let sum = 0;
  for (const [, n, unit] of String(value ?? "").matchAll(/([\d.]+)(h|ms|m|s|µs)/g)) sum += n * { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6 }[unit];
  return sum;
}
