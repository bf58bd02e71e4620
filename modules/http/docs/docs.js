// Shows the document of the API, and lets one try each operation. All text comes into the page as text, never as markup.
"use strict";

const methods = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const longest = 200_000; // characters of an answer that are shown

let doc;

// el returns an element. Children are elements or text; what is empty is left out.
function el(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.flat().filter(child => child !== undefined && child !== null && child !== ""));
  return node;
}

// resolve returns what a reference within the document leads to.
function resolve(node) {
  while (node?.$ref) {
    node = node.$ref.slice(2).split("/").reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], doc);
  }
  return node ?? {};
}

const typesOf = schema => [schema.type ?? []].flat();

// typeOf says in words what a schema is.
function typeOf(schema) {
  const s = resolve(schema);
  const format = s.format && !/^(u?int\d+|double|float)$/.test(s.format) ? ` (${s.format})` : "";
  return typesOf(s).map(type => (type === "array" ? "array of " + typeOf(s.items ?? {}) : type) + (type === "null" ? "" : format)).join(" or ") || "any";
}

// limitsOf says in words what a value must keep to.
function limitsOf(schema) {
  const s = resolve(schema), limits = [];
  const say = (text, ...keys) => { if (keys.every(key => s[key] !== undefined)) limits.push(text(...keys.map(key => s[key]))); };
  if (s.minimum !== undefined && s.maximum !== undefined) limits.push(`${s.minimum} to ${s.maximum}`);
  else {
    say(v => `≥ ${v}`, "minimum");
    say(v => `≤ ${v}`, "maximum");
  }
  say(v => `> ${v}`, "exclusiveMinimum");
  say(v => `< ${v}`, "exclusiveMaximum");
  say(v => `multiple of ${v}`, "multipleOf");
  say(v => `at least ${v} characters`, "minLength");
  say(v => `at most ${v} characters`, "maxLength");
  say(v => `at least ${v} items`, "minItems");
  say(v => `at most ${v} items`, "maxItems");
  say(v => `matches ${v}`, "pattern");
  say(v => `one of ${v.join(", ")}`, "enum");
  say(v => `default ${JSON.stringify(v)}`, "default");
  return limits.join(", ");
}

// propertiesOf returns names and schemas: those that are required come first, in the order of their author.
function propertiesOf(s) {
  const rank = name => s.required?.includes(name) ? s.required.indexOf(name) : Infinity;
  return Object.entries(s.properties ?? {}).sort(([a], [b]) => rank(a) === rank(b) ? 0 : rank(a) - rank(b));
}

// example returns a value that a schema accepts.
function example(schema, seen = []) {
  const s = resolve(schema);
  if (s.examples?.length) return s.examples[0];
  if (s.default !== undefined) return s.default;
  if (s.enum) return s.enum[0];
  if (seen.includes(s)) return null;
  seen = [...seen, s];
  switch (typesOf(s)[0]) {
  case "object": {
    const wanted = ([name, property]) => s.required?.includes(name) || resolve(property).examples?.length || property.default !== undefined;
    const pairs = propertiesOf(s).filter(wanted).filter(([, property]) => !resolve(property).readOnly);
    return Object.fromEntries(pairs.map(([name, property]) => [name, example(property, seen)]));
  }
  case "array": return s.minItems ? [example(s.items ?? {}, seen)] : [];
  case "integer": case "number": return s.minimum ?? 0;
  case "boolean": return false;
  case "string": return {"date-time": "2006-01-02T15:04:05Z", date: "2006-01-02", email: "ada@example.com"}[s.format] ?? "";
  }
  return null;
}

// shape returns the properties of a schema as a list, and those of what they hold.
function shape(schema, seen = []) {
  let s = resolve(schema);
  while (typesOf(s).includes("array")) s = resolve(s.items ?? {});
  if (typeof s.additionalProperties === "object" && !s.properties) return shape(s.additionalProperties, seen);
  if (!s.properties || seen.includes(s)) return "";
  return el("ul", {className: "schema"}, propertiesOf(s).map(([name, property]) => el("li", {},
    el("code", {className: s.required?.includes(name) ? "required" : ""}, name), " ",
    el("span", {className: "muted"}, [typeOf(property), limitsOf(property)].filter(Boolean).join(", ")),
    about(property), shape(property, [...seen, s]))));
}

const about = schema => schema.description || resolve(schema).description ? el("div", {}, schema.description ?? resolve(schema).description) : "";

// contentOf returns the media type and the schema of a body; JSON where there is a choice.
function contentOf(body) {
  const entries = Object.entries(body?.content ?? {});
  const [type, media] = entries.find(([type]) => type.endsWith("json")) ?? entries[0] ?? [];
  return {type, schema: media?.schema ?? {}, media};
}

// input returns what a value is typed into.
function input(schema, properties) {
  const s = resolve(schema);
  const choices = s.enum ?? (typesOf(s).includes("boolean") ? [true, false] : undefined);
  if (choices) return el("select", properties, el("option", {value: ""}, ""), choices.map(v => el("option", {value: String(v)}, String(v))));
  return el("input", {...properties, type: "text", autocomplete: "off", spellcheck: false,
    placeholder: String(s.examples?.[0] ?? s.default ?? "")});
}

// field returns a row of the form of an operation.
function field(name, label, schema, required, control) {
  control.setAttribute("aria-label", label);
  const row = el("div", {className: "field"},
    el("div", {}, el("code", {className: required ? "required" : ""}, label),
      el("p", {className: "muted"}, [name.split(".")[0], typeOf(schema), limitsOf(schema)].filter(Boolean).join(", ")),
      el("p", {}, schema.description)),
    el("div", {}, control, el("p", {className: "error", role: "alert"})));
  row.dataset.field = name;
  return row;
}

// operation returns all about one operation.
function operation(method, path, op, shared) {
  const form = el("form", {noValidate: true}), controls = [];
  const parameters = [...shared, ...op.parameters ?? []].map(resolve);
  for (const p of parameters) {
    const control = input(p.schema ?? {}, {name: p.name});
    if (p.in === "path") control.value = String(resolve(p.schema).examples?.[0] ?? "");
    controls.push({...p, control});
    form.append(field(`${p.in}.${p.name}`, p.name, {...resolve(p.schema), description: p.description}, p.required, control));
  }
  const {type, schema, media} = contentOf(op.requestBody && resolve(op.requestBody));
  let body;
  if (media) {
    body = el("textarea", {spellcheck: false, value: type.endsWith("json") ? JSON.stringify(example(schema), null, 2) : ""});
    form.append(field("body", type, schema, op.requestBody.required, body));
  }
  const send = el("button", {type: "submit"}, "Send"), answer = el("div", {className: "answer", role: "status"});
  form.append(el("div", {className: "actions"}, send));
  form.addEventListener("submit", event => {
    event.preventDefault();
    for (const row of form.querySelectorAll(".field")) mark(row, "");
    const lacking = controls.find(({in: where, control}) => where === "path" && control.value === "");
    if (lacking) {
      mark(lacking.control.closest(".field"), "A part of the path must not be empty.");
      lacking.control.focus();
      return;
    }
    call(form, send, answer, request(method, path, controls, body, type));
  });

  return el("details", {className: "operation" + (op.deprecated ? " deprecated" : ""), id: op.operationId ?? `${method}-${path}`},
    el("summary", {}, el("span", {className: "method " + method}, method.toUpperCase()), el("code", {className: "path"}, path),
      el("span", {className: "muted"}, op.summary)),
    el("div", {className: "content"},
      (op.description ?? "").split(/\n{2,}/).filter(Boolean).map(text => el("p", {}, text)),
      el("h3", {}, "Try it"), form, answer,
      media ? [el("h3", {}, "Body"), shape(schema)] : "",
      el("h3", {}, "Answers"), Object.entries(op.responses ?? {}).map(([status, response]) => {
        const r = resolve(response), content = contentOf(r), problem = content.type === "application/problem+json";
        return el("details", {className: "response", open: !problem},
          el("summary", {}, el("code", {}, status), " ", r.description, " ",
            content.media ? el("span", {className: "muted"}, `${content.type}, ${typeOf(content.schema)}`) : ""),
          content.media ? shape(content.schema) : "");
      })));
}

// request returns what the form asks for: what is left empty is not sent.
function request(method, path, controls, body, type) {
  const query = new URLSearchParams(), headers = {};
  for (const {name, in: where, control} of controls) {
    const value = control.value;
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (where === "query") query.append(name, value);
    else if (where === "header") headers[name] = value;
  }
  if (body?.value) headers["Content-Type"] = type;
  const prefix = new URL(".", location.href);
  const url = new URL(prefix.href.replace(/\/$/, "") + path + (query.size ? "?" + query : ""));
  return {url, method: method.toUpperCase(), headers, body: body?.value || undefined};
}

// curl returns the command for a request.
function curl({url, method, headers, body}) {
  const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;
  return ["curl", method === "GET" ? "" : `-X ${method}`, ...Object.entries(headers).map(([name, value]) => "-H " + quote(`${name}: ${value}`)),
    body ? "--data " + quote(body) : "", quote(url.href)].filter(Boolean).join(" ");
}

// call sends a request and shows the answer, and at each field what was wrong with it.
async function call(form, send, answer, what) {
  send.disabled = true;
  const command = curl(what), copy = el("button", {type: "button", className: "plain"}, "Copy");
  copy.addEventListener("click", () => navigator.clipboard?.writeText(command).then(() => { copy.textContent = "Copied"; }));
  const began = performance.now();
  const shown = [el("div", {className: "curl"}, el("pre", {}, command), copy)];
  try {
    const response = await fetch(what.url, {...what, credentials: "same-origin"});
    const text = await response.text(), kind = response.headers.get("Content-Type") ?? "";
    shown.push(el("p", {}, el("span", {className: "status " + (response.ok ? "ok" : "bad")}, `${response.status} ${response.statusText}`),
      el("span", {className: "muted"}, ` ${Math.round(performance.now() - began)} ms, ${text.length.toLocaleString("en")} characters${kind && ", " + kind}`)));
    let pretty = text;
    if (/json/.test(kind)) {
      try {
        const value = JSON.parse(text);
        pretty = JSON.stringify(value, null, 2);
        for (const wrong of value?.errors ?? []) {
          const rows = [...form.querySelectorAll(".field")];
          mark(rows.find(row => row.dataset.field === wrong.field) ?? rows.find(row => wrong.field?.startsWith(row.dataset.field)), `${wrong.field}: ${wrong.message}`);
        }
      } catch { /* shown as it came */ }
    }
    if (pretty) shown.push(el("pre", {className: "text", tabIndex: 0}, pretty.length > longest ? pretty.slice(0, longest) + "\n…" : pretty));
  } catch (error) {
    shown.push(el("p", {className: "status bad"}, `No answer: ${error.message}`));
  }
  answer.replaceChildren(...shown);
  send.disabled = false;
}

function mark(row, text) {
  if (!row) return;
  row.classList.toggle("wrong", text !== "");
  const error = row.querySelector(".error");
  error.textContent = text && error.textContent ? error.textContent + "; " + text : text;
}

function show() {
  const main = document.querySelector("main"), sections = new Map();
  for (const [path, item] of Object.entries(doc.paths ?? {})) {
    for (const method of methods.filter(method => item[method])) {
      const tag = item[method].tags?.[0] ?? "";
      if (!sections.has(tag)) sections.set(tag, el("section", {}, el("h2", {}, tag)));
      sections.get(tag).append(operation(method, path, item[method], item.parameters ?? []));
    }
  }
  document.title = doc.info.title;
  document.querySelector("h1").textContent = doc.info.title;
  document.getElementById("about").replaceChildren(`Version ${doc.info.version}, `,
    el("a", {href: "openapi.json"}, "openapi.json"), " and ", el("a", {href: "openapi.yaml"}, "openapi.yaml"));
  main.replaceChildren(...(doc.info.description ? [el("p", {}, doc.info.description)] : []), ...sections.values());
  document.getElementById("filter").addEventListener("input", event => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const node of document.querySelectorAll(".operation")) {
      const text = node.querySelector("summary").textContent.toLowerCase();
      node.hidden = !words.every(word => text.includes(word));
    }
    for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector(".operation:not([hidden])");
  });
  const chosen = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (chosen) {
    chosen.open = true;
    chosen.scrollIntoView();
  }
}

fetch("openapi.json")
  .then(response => response.ok ? response.json() : Promise.reject(new Error(`openapi.json: ${response.status}`)))
  .then(document => { doc = document; show(); })
  .catch(error => document.querySelector("main").replaceChildren(el("p", {className: "status bad"}, String(error))))
  .finally(() => document.querySelector("main").removeAttribute("aria-busy"));
