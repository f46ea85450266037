// Ctrl K: the palette; and the keys of a list, never while typing.
const RECENT = "panshi-recent";
const MOST = 6;

function palette() {
  return document.getElementById("palette");
}

function open() {
  const dialog = palette();
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const text = document.getElementById("palette-text");
  text.select();
  htmx.trigger(text, "open");
}

function options() {
  return [...document.querySelectorAll("#palette-list a")];
}

function move(step) {
  const all = options();
  if (!all.length) return;
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  all[at]?.removeAttribute("aria-selected");
  const next = all[(at + step + all.length) % all.length];
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) || [];
  } catch {
    return [];
  }
}

function rememberVisit() {
  const title = document.querySelector(".head-title h1")?.textContent.trim();
  if (!title || location.pathname === "/") return;
  const here = { title, url: location.pathname };
  const kept = recent().filter((visit) => visit.url !== here.url).slice(0, MOST);
  localStorage.setItem(RECENT, JSON.stringify([here, ...kept]));
}

function showRecent() {
  const slot = document.querySelector("#palette-list [data-recent]");
  if (!slot) return;
  const items = recent().filter((visit) => visit.url !== location.pathname).slice(0, MOST);
  slot.hidden = !items.length;
  for (const { title, url } of items) {
    const link = document.createElement("a");
    link.className = "menu-item";
    link.href = url;
    link.textContent = title;
    slot.append(link);
  }
}

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target?.id !== "palette-list") return;
  showRecent();
  options()[0]?.setAttribute("aria-selected", "true");
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-palette]")) open();
  if (event.target.closest?.("[data-keys]")) document.getElementById("keys").showModal();
  if (event.target === palette()) palette().close();
});

function typing(target) {
  return target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

function step(by) {
  const rows = [...document.querySelectorAll("tr[data-row]")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("at"));
  rows[at]?.classList.remove("at");
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  next.classList.add("at");
  next.querySelector("a")?.focus();
}

const KEYS = {
  "/": open,
  j: () => step(1),
  k: () => step(-1),
  o: () => document.querySelector("tr.at a")?.click(),
  e: () => document.querySelector(".page-acts .btn-primary")?.click(),
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
    return;
  }
  if (event.target.id === "palette-text") {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      document.querySelector('#palette-list a[aria-selected="true"]')?.click();
    }
    return;
  }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

rememberVisit();
