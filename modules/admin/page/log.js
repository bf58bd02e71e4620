// The tail of the log, and its level.

import { act, send } from "./api.js";
import { h, text, list, clip, number, clock } from "./dom.js";
import { known } from "./store.js";

const levels = ["debug", "info", "warn", "error"];
const most = 300; // lines that are drawn

export function log() {
  let paused = null; // what is shown while paused
  const level = h("select", { "aria-label": "Level of the log", onchange: change }, levels.map((l) => h("option", { value: l }, l)));
  const least = h("select", { "aria-label": "Show from this level on", onchange: () => view.update() }, levels.map((l) => h("option", { value: l }, `${l} and above`)));
  const filter = h("input", { type: "search", placeholder: "Filter by text", "aria-label": "Filter lines by text", oninput: () => view.update() });
  const pause = h("button", { class: "quiet", "aria-pressed": "false", onclick: () => {
    paused = paused ? null : [...known.log.items];
    pause.setAttribute("aria-pressed", String(paused !== null));
    text(pause, paused ? "Go on" : "Pause");
    view.update();
  } }, "Pause");
  const note = h("p", { class: "note" });
  const lines = h("ol", { class: "lines", tabindex: "0", "aria-label": "The last lines of the log" });
  const empty = h("p", { class: "empty" }, "No line is here.");

  async function change() {
    const wanted = level.value;
    await act({
      title: `Log from ${wanted} on?`,
      question: `The log writes ${known.log.level} and above now. The change holds until the process ends, and is logged.`,
      yes: `Log ${wanted}`,
      work: async () => {
        known.log.level = (await send("PUT", "/api/log/level", { level: wanted })).level;
      },
      done: `The log writes ${wanted} and above.`,
    });
    level.value = known.log.level; // which it is again where nothing was changed
  }

  const view = {
    root: h("section", { class: "card" },
      h("div", { class: "tools" }, h("label", null, "Level ", level), h("label", null, "Show ", least), filter, pause), note, lines, empty),
    update() {
      if (document.activeElement !== level && !document.getElementById("ask").open && known.log.level) level.value = known.log.level;
      const rank = levels.indexOf(least.value);
      const wanted = filter.value.toLowerCase();
      const matching = (paused ?? known.log.items).filter((r) => {
        const at = levels.indexOf(r.level); // what has another one is worse than all of these
        return (at < 0 || at >= rank) && r.line.toLowerCase().includes(wanted);
      });
      const shown = matching.slice(-most);
      const bottom = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
      list(lines, shown, (r) => `${r.n}`, line);
      if (bottom) lines.scrollTop = lines.scrollHeight;
      empty.hidden = shown.length > 0;
      lines.hidden = shown.length === 0;
      text(note, [
        matching.length > shown.length ? `the last ${most} of ${number(matching.length)} lines that were kept` : "",
        known.log.skipped > 0 ? `${number(known.log.skipped)} lines came too fast to be shown: they are on stderr` : "",
        paused ? "paused" : "",
      ].filter(Boolean).join("; "));
      note.hidden = !note.textContent;
    },
  };
  return view;
}

// known fields of a record that stand elsewhere in its line.
const placed = new Set(["ts", "level", "msg", "logger", "service", "stacktrace"]);

function line(r) {
  const root = h("li", { class: r.level }, h("time", { datetime: r.time }, clock(r.time)), h("span", { class: "level" }, r.level));
  let record = null;
  try {
    record = JSON.parse(r.line);
  } catch {
    // it is of the console's form, or was cut
  }
  if (record === null || typeof record !== "object") {
    root.append(h("span", { class: "what" }, h("span", { class: "message" }, clip(r.line, 2000))));
    return { root };
  }
  const fields = Object.entries(record).filter(([k]) => !placed.has(k));
  root.append(h("span", { class: "what" },
    record.logger ? h("span", { class: "logger" }, clip(record.logger, 60)) : null,
    h("span", { class: "message" }, clip(record.msg, 1000)),
    fields.map(([k, v]) => h("span", { class: "field" }, h("b", null, clip(k, 60)), clip(typeof v === "string" ? v : JSON.stringify(v), 600))),
    record.stacktrace ? h("pre", { class: "stack" }, clip(record.stacktrace, 4000)) : null));
  return { root };
}
