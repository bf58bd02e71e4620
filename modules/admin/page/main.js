// The page: which part is shown, and what the server sends.

import { get } from "./api.js";
import { h, text, style, clip } from "./dom.js";
import { known, take, fresh, problems } from "./store.js";
import { overview } from "./overview.js";
import { modules } from "./modules.js";
import { life, awaited } from "./life.js";
import { tasks } from "./tasks.js";
import { traffic } from "./traffic.js";
import { health } from "./health.js";
import { panels } from "./panels.js";
import { log } from "./log.js";
import { settings } from "./settings.js";

const parts = [
  { path: "#/", name: "Overview", view: overview, count: () => problems().length },
  { path: "#/modules", name: "Modules", view: modules },
  { path: "#/life", name: "Start & stop", view: life },
  { path: "#/tasks", name: "Tasks", view: tasks },
  { path: "#/traffic", name: "Traffic", view: traffic },
  { path: "#/panels", name: "Panels", view: panels, hidden: () => !known.panels?.items.length },
  { path: "#/health", name: "Health", view: health },
  { path: "#/log", name: "Log", view: log },
  { path: "#/settings", name: "Settings", view: settings },
];

const $ = (id) => document.getElementById(id);
const nav = parts.map((part) => {
  const count = h("span", { class: "count", hidden: true });
  const link = h("a", { href: part.path }, part.name, count);
  return { part, link, count };
});
$("nav").append(h("ul", null, nav.map((n) => h("li", null, n.link))));

let shown = null; // {part, view}

function show(focus) {
  const path = location.hash || "#/";
  const part = parts.find((p) => p.path === path) ?? parts[0];
  for (const n of nav) {
    if (n.part === part) n.link.setAttribute("aria-current", "page");
    else n.link.removeAttribute("aria-current");
  }
  nav.find((n) => n.part === part).link.scrollIntoView({ block: "nearest", inline: "nearest" });
  shown = { part, view: part.view() };
  $("view").replaceChildren(h("h1", null, part.name), shown.view.root);
  document.title = `${part.name} · ${known.build?.service ?? "Operations"}`;
  update();
  if (focus) {
    $("main").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

addEventListener("hashchange", () => show(true));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // its address is no part
  $("main").focus();
});

const words = { new: "New", starting: "Starting", running: "Running", stopping: "Stopping", stopped: "Stopped", failed: "Failed" };

// update shows what is known now. It runs once per push, however many topics came.
function update() {
  const r = known.lifecycle;
  const wrong = problems();
  if (r) {
    const state = known.ended ? "stopped" : r.state;
    const ok = state === "running";
    text($("state"), ok && wrong.length > 0 ? "Running, with problems" : words[state] ?? state);
    style($("state"), `pill ${ok ? (wrong.length > 0 ? "warn" : "good") : state === "failed" ? "bad" : "warn"}`);
  }
  for (const n of nav) {
    const count = n.part.count?.() ?? 0;
    n.link.parentElement.hidden = n.part.hidden?.() ?? false;
    n.count.hidden = count === 0;
    text(n.count, count > 0 ? `${count}` : "");
    if (count > 0) n.count.setAttribute("aria-label", count === 1 ? "1 problem" : `${count} problems`);
  }
  awaited($("stop"));
  shown?.view.update?.();
}

let due = false;

function changed() {
  if (due) return;
  due = true;
  const go = () => {
    due = false;
    update();
  };
  if (document.hidden) setTimeout(go, 1000);
  else requestAnimationFrame(go);
}

// The link to the server.

let source = null;
let heard = 0;

function told(message, kind) {
  text($("link"), message);
  style($("link"), `link ${kind}`);
}

async function connect() {
  try {
    const [build, config, graph] = await Promise.all(["build", "config", "graph"].map((t) => get(`/api/${t}`)));
    const same = known.build?.pid === build.pid && known.build?.built === build.built;
    if (!same) fresh();
    Object.assign(known, { build, config, graph, ended: false });
    text($("service"), clip(build.service, 60));
    listen();
    if (!same || !shown) show(); // else what was typed into the part stays
  } catch (error) {
    lost(error);
  }
}

function listen() {
  source = new EventSource("/api/events");
  heard = Date.now();
  for (const topic of ["lifecycle", "checks", "tasks", "traffic", "panels", "log"]) {
    source.addEventListener(topic, (event) => {
      take(topic, JSON.parse(event.data));
      heard = Date.now();
      changed();
    });
  }
  source.onopen = () => told("Live", "good");
  source.addEventListener("end", () => {
    known.ended = true;
    changed();
    lost(new Error("The process has ended."));
  });
  source.onerror = () => {
    if (known.lifecycle?.state === "stopping") known.ended = "unseen"; // it went before it could tell
    changed();
    lost(new Error("The connection is lost."));
  };
}

function lost(error) {
  source?.close();
  source = null;
  told(known.ended ? "Ended, waiting for the next process" : `${error.message} Trying again`, "bad");
  setTimeout(connect, 2000);
}

// Something comes every second: else the machine slept, or the network is gone.
setInterval(() => {
  if (source && Date.now() - heard > 15_000) lost(new Error("Nothing comes any more."));
}, 5000);

connect();
