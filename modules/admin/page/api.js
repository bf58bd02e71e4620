// Asking and telling the server.

// get returns the answer of a topic.
export async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw await problem(answer);
  return answer.json();
}

// send changes something.
export async function send(method, path, body) {
  const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw await problem(answer);
  return answer.json();
}

async function problem(answer) {
  const p = await answer.json().catch(() => ({}));
  const error = new Error(p.detail || p.title || `The server answered ${answer.status}.`);
  error.status = answer.status;
  return error;
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
  if (!sure) return false;
  try {
    await work();
    toast(done);
    return true;
  } catch (error) {
    toast(error.message, true);
    return false;
  }
}

let timer;

export function toast(message, bad) {
  const p = document.getElementById("toast");
  p.textContent = message;
  p.className = bad ? "bad" : "good";
  p.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (p.hidden = true), 6000);
}
