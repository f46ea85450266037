// A paper on the phone: what is chosen is kept at once, and a cut network loses neither the answers
// nor the moment at which they were handed in.
const form = document.querySelector("[data-paper]");
const told = document.querySelector("[data-kept]");
const name = `panshi-paper-${form.dataset.paper}`;
const EVERY_MS = 15000;
let sending = false;

const kept = () => JSON.parse(localStorage.getItem(name) || "{}");
const keep = (change) => localStorage.setItem(name, JSON.stringify({ ...kept(), ...change }));
const answers = () => [...new FormData(form)].filter(([field]) => field.startsWith("q-"));

function restore() {
  for (const [field, value] of kept().answers || []) {
    for (const input of form.querySelectorAll(`[name="${CSS.escape(field)}"]`)) {
      if (input.tagName === "SELECT") input.value = value;
      else if (input.value === value) input.checked = true;
    }
  }
}

function wait() {
  told.hidden = false;
  told.scrollIntoView({ block: "center" });
  for (const field of form.elements) field.disabled = true;
}

async function send() {
  const { answers: chosen, done_at: doneAt } = kept();
  if (!doneAt || sending) return;
  sending = true;
  const body = new FormData();
  for (const [field, value] of chosen) body.append(field, value);
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.append("done_at", doneAt);
  body.append("now", new Date().toISOString());
  try {
    const answer = await fetch(location.href, { method: "POST", body, credentials: "same-origin" });
    // Whatever the server said stands on the page; only a fault of its own is tried again.
    if (answer.status >= 500) throw new Error(String(answer.status));
    localStorage.removeItem(name);
    location.reload();
  } catch {
    wait();
  } finally { sending = false; }
}

form.addEventListener("change", () => keep({ answers: answers() }));
// Before the guard of double presses hears of it, which would hold the button while we may wait.
addEventListener("submit", (event) => {
  if (event.target !== form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  keep({ answers: answers(), done_at: new Date().toISOString() });
  send();
}, true);
addEventListener("online", send);
setInterval(send, EVERY_MS);
restore();
if (kept().done_at) { wait(); send(); }
