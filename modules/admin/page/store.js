// What is known of the process: the topics of /api/, and what they add up to over
// time. The server counts from the start; rates are made here.

const seconds = 60; // of history
const lines = 2000; // of the log

export const known = {
  lifecycle: null, checks: null, tasks: null, traffic: null, panels: null, build: null, config: null, graph: null,
  log: { items: [], level: "", skipped: 0 },
  rates: { routes: new Map(), servers: new Map(), requests: [], failed: [], p95: [], cpu: [], memory: [], goroutines: [] },
  runs: new Map(), // the last runs of each task, as far as they were seen
  ended: false, // the server has said that it ends
};

let before = null; // the traffic before, and when it came

export function take(topic, data) {
  if (topic === "log") return takeLog(data);
  known[topic] = data;
  if (topic === "traffic") takeTraffic(data);
  if (topic === "tasks") takeTasks(data.items);
}

// fresh forgets what belongs to a process that is gone.
export function fresh() {
  before = null;
  known.log = { items: [], level: "", skipped: 0 };
  known.runs.clear();
  known.rates.routes.clear();
  known.rates.servers.clear();
}

function takeLog(data) {
  const log = known.log;
  const last = log.items.at(-1)?.n ?? -1;
  const items = data.items.filter((r) => r.n > last);
  if (items.length > 0 && last >= 0) log.skipped += items[0].n - last - 1;
  log.items.push(...items);
  if (log.items.length > lines) log.items.splice(0, log.items.length - lines);
  log.level = data.level;
}

function takeTasks(items) {
  const seen = new Set();
  for (const t of items) {
    if (t.kind === "once") continue;
    seen.add(t.name);
    let runs = known.runs.get(t.name);
    if (!runs) known.runs.set(t.name, (runs = { ended: -1, all: [] }));
    const ended = t.starts - (t.state === "running" || t.state === "starting" ? 1 : 0);
    if (ended > 0 && ended !== runs.ended) {
      runs.all.push({ value: t.took_ns, bad: runs.failures === undefined ? t.failing : t.failures > runs.failures });
      if (runs.all.length > 24) runs.all.shift();
      runs.ended = ended;
    }
    runs.failures = t.failures;
  }
  for (const name of known.runs.keys()) if (!seen.has(name)) known.runs.delete(name);
}

// read keeps the readings of one route or server of the last minute.
function read(map, name, c, now) {
  let r = map.get(name);
  if (!r) map.set(name, (r = { readings: [], rates: [] }));
  const last = r.readings.at(-1);
  if (last) push(r.rates, Math.max(0, c.count - last.c.count) / ((now - last.now) / 1e3));
  r.readings.push({ now, c });
  while (r.readings.length > seconds + 1) r.readings.shift();
}

function push(values, value) {
  values.push(value);
  if (values.length > seconds) values.shift();
}

function takeTraffic(t) {
  const now = performance.now();
  const rates = known.rates;
  for (const c of t.routes) read(rates.routes, routeName(c), c, now);
  for (const c of t.servers) read(rates.servers, c.server, c, now);
  if (before) {
    const span = (now - before.now) / 1e3;
    const sum = (part) => t.routes.reduce((n, c) => n + part(c), 0) - before.t.routes.reduce((n, c) => n + part(c), 0);
    push(rates.requests, Math.max(0, sum((c) => c.count)) / span);
    push(rates.failed, Math.max(0, sum((c) => c.failed)) / span);
    push(rates.cpu, Math.max(0, (t.process.cpu_seconds ?? 0) - (before.t.process.cpu_seconds ?? 0)) / span);
    const recent = t.routes.map((c) => within(rates.routes.get(routeName(c)), 10)).filter((d) => d.count > 0);
    push(rates.p95, quantile(merge(recent), 0.95) || 0);
  }
  push(rates.memory, t.process.resident_bytes ?? 0);
  push(rates.goroutines, t.process.goroutines ?? 0);
  before = { t, now };
}

export const routeName = (c) => `${c.method} ${c.route}`;

// within returns the calls of the last seconds: of readings, or all of them where
// there is only one.
export function within(r, span) {
  const last = r.readings.at(-1);
  const first = r.readings.find((x) => last.now - x.now <= span * 1e3 + 500) ?? last;
  const d = { count: last.c.count - first.c.count, failed: last.c.failed - first.c.failed, refused: last.c.refused - first.c.refused,
    seconds: last.c.seconds - first.c.seconds, bounds: last.c.bounds ?? [], span: (last.now - first.now) / 1e3 };
  d.buckets = (last.c.buckets ?? []).map((n, i) => n - (first.c.buckets?.[i] ?? 0));
  return d;
}

function merge(all) {
  const sum = { bounds: all[0]?.bounds ?? [], buckets: [], count: 0 };
  for (const d of all) {
    d.buckets.forEach((n, i) => (sum.buckets[i] = (sum.buckets[i] ?? 0) + n));
    sum.count += d.count;
  }
  return sum;
}

// quantile estimates from buckets, as Prometheus does; undefined where there is
// nothing.
export function quantile(d, q) {
  const total = d.buckets.reduce((a, b) => a + b, 0);
  if (total === 0) return undefined;
  let rest = q * total;
  for (let i = 0; i < d.buckets.length; i++) {
    if (rest > d.buckets[i]) {
      rest -= d.buckets[i];
      continue;
    }
    const low = i === 0 ? 0 : d.bounds[i - 1];
    if (i >= d.bounds.length) return low;
    return low + (d.bounds[i] - low) * (d.buckets[i] > 0 ? rest / d.buckets[i] : 0);
  }
  return d.bounds.at(-1);
}

// problems lists what is wrong now, the worst first.
export function problems() {
  const found = [];
  for (const c of known.checks?.items ?? []) {
    if (c.error) found.push({ where: "#/health", what: `The check ${c.name} fails`, why: c.error });
  }
  for (const t of known.tasks?.items ?? []) {
    const bad = trouble(t);
    if (bad) found.push({ where: "#/tasks", what: `The ${t.kind} ${t.name} ${bad}`, why: t.error });
  }
  for (const p of known.panels?.items ?? []) {
    if (p.error) found.push({ where: "#/panels", what: `The panel ${p.name} cannot be read`, why: p.error });
  }
  if (known.traffic?.process.log_records_dropped > 0) {
    found.push({ where: "#/log", what: "Log records are lost", why: `${known.traffic.process.log_records_dropped} did not reach stderr.` });
  }
  return found;
}

// trouble says what is wrong with a task, empty where nothing is.
export function trouble(t) {
  if (t.state === "abandoned") return "was left behind";
  if (t.state === "failed") return "has failed";
  if (t.degraded) return "fails again and again";
  if (t.failing) return t.kind === "service" ? "waits for its restart" : "failed in its last run";
  return "";
}
