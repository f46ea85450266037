// Leaving a form with changes asks first; a destructive act asks in words; one press sends once.
import { word } from "./words.js";

const changed = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-guard]");
  if (form) changed.add(form);
});

addEventListener("beforeunload", (event) => {
  for (const form of changed) if (!form.isConnected) changed.delete(form);
  if (changed.size) event.preventDefault();
});

// Red stands for what destroys; a page's main act is asked about in its own colour.
function ask(words, yes, main = false) {
  const dialog = document.getElementById("confirm");
  const sure = dialog.querySelector("[data-yes]");
  document.getElementById("confirm-words").textContent = words;
  sure.textContent = yes || word("yes");
  sure.className = main ? "btn btn-primary" : "btn btn-danger";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener("close", () => answered(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const words = button?.dataset.confirm || form.dataset.confirm;
  if (words && !form.dataset.confirmed) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(words, button?.textContent.trim(), button?.matches(".btn-primary"))) {
      form.dataset.confirmed = "1";
      if (!form.isConnected) {
        // The page was drawn anew meanwhile; what was asked about is what is sent.
        form.hidden = true;
        document.body.append(form);
      }
      form.requestSubmit(button);
      delete form.dataset.confirmed;
    }
    return;
  }
  if (form.method !== "post" || form.matches("[hx-post]") || button?.matches("[hx-post]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  changed.delete(form);
}, true);

document.addEventListener("htmx:confirm", (event) => {
  const words = event.detail.ctx.confirm;
  if (!words) return;
  event.preventDefault();
  ask(words).then((yes) => {
    if (yes) event.detail.issueRequest(true);
    else event.detail.dropRequest?.();
  });
});

document.addEventListener("htmx:after:swap", () => {
  for (const form of changed) if (!form.isConnected) changed.delete(form);
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Enter in a field of money never sends the form.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.(".figure-input")) event.preventDefault();
});
