// Refusals (403, 404, 409) and faults (5xx, no network) become toasts; htmx never swaps them in.
import { word } from "./words.js";

const SECONDS = 8;

function place(card, seconds) {
  const shelf = document.getElementById("toasts");
  // A popover lies above an open dialog; showing it anew puts it on top.
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover();
  shelf.append(card);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast-close";
  close.textContent = "×";
  close.setAttribute("aria-label", word("close"));
  close.addEventListener("click", () => card.remove());
  card.append(close);
  if (seconds) setTimeout(() => card.remove(), seconds * 1000);
}

export function toast(text, kind = "", seconds = SECONDS) {
  const card = document.createElement("div");
  card.className = `toast-card${kind ? ` toast-${kind}` : ""}`;
  card.setAttribute("role", kind ? "alert" : "status");
  const words = document.createElement("p");
  words.className = "toast-words";
  words.textContent = text;
  card.append(words);
  place(card, seconds);
}

function fromServer(html) {
  const card = new DOMParser().parseFromString(html, "text/html").querySelector(".toast-card");
  if (card) place(document.adoptNode(card), SECONDS);
  return Boolean(card);
}

document.addEventListener("htmx:after:request", (event) => {
  const { response } = event.detail.ctx;
  const { raw } = response;
  // Signed out meanwhile: the answer is the sign-in page, which belongs in the whole window.
  if (raw.redirected && new URL(raw.url).pathname.startsWith("/sign-in/")) {
    event.preventDefault();
    location.reload();
  }
});

document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  const { status } = response;
  if (status === 422 || event.detail.ctx.sourceElement?.matches?.("[data-live]") && status < 500) return;
  if (fromServer(text)) return;
  if (status === 403) toast(word("forbidden"), "refused");
  else if (status === 404) toast(word("gone"), "refused");
  else toast(word("fault", { reference: response.headers.get("X-Reference") || "—" }), "fault", 0);
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (ctx && !ctx.response && !ctx.sourceElement?.matches?.("[data-live]")) toast(word("network"), "fault");
});

function connection() {
  const banner = document.querySelector("[data-offline]");
  if (banner) banner.hidden = navigator.onLine;
}
addEventListener("online", connection);
addEventListener("offline", connection);
connection();
