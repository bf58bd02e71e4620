// Asking and telling the server.

// get returns the answer of a topic.
export const get = (path) => ask(path, {});

// send changes something.
export const send = (method, path, body) => ask(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function ask(path, request) {
  const answer = await fetch(path, { ...request, signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new Error("The server does not answer.");
  });
  if (answer.status === 401) {
    location.replace("/"); // which asks for the token: nothing stays in sight of what was known
    return new Promise(() => {});
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  throw new Error(body.detail || body.title || `The server answered ${answer.status}.`);
}

// act asks the operator first, then does it, and tells how it went.
export async function act({ title, question, yes, danger, work, done }) {
  const dialog = document.getElementById("ask");
  document.getElementById("ask-title").textContent = title;
  document.getElementById("ask-text").textContent = question;
  const button = document.getElementById("ask-yes");
  button.textContent = yes;
  button.className = danger ? "danger" : "";
  dialog.showModal();
  const sure = await new Promise((resolve) => {
    button.onclick = () => resolve(true);
    dialog.querySelector("[value=no]").onclick = () => resolve(false);
    dialog.oncancel = () => resolve(false);
  });
  if (!sure) return;
  try {
    await work();
    toast(done);
  } catch (error) {
    toast(error.message, true);
  }
}

let timer;

function toast(message, bad) {
  const p = document.getElementById("toast");
  p.textContent = message;
  p.className = bad ? "bad" : "good";
  p.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (p.hidden = true), 6000);
}
