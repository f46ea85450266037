// Lists: a click on a row opens it, ticks gather rows, empty filters stay out of the address.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("tr[data-row]");
  if (!row || event.target.closest("a, button, input, label, summary") || getSelection().toString()) return;
  const link = row.querySelector("th a, td a");
  if (!link) return;
  if (event.ctrlKey || event.metaKey) open(link.href, "_blank", "noopener");
  else link.click();
});

function count(list) {
  const ticks = [...list.querySelectorAll("[data-tick]")];
  const ticked = ticks.filter((tick) => tick.checked).length;
  const batch = list.querySelector("[data-batch]");
  if (batch) {
    batch.hidden = ticked === 0;
    batch.querySelector("[data-batch-count]").textContent = ticked;
  }
  const all = list.querySelector("[data-tick-all]");
  if (all) {
    all.checked = ticked > 0 && ticked === ticks.length;
    all.indeterminate = ticked > 0 && ticked < ticks.length;
  }
}

document.addEventListener("change", (event) => {
  const list = event.target.closest?.(".list");
  if (!list) return;
  if (event.target.matches("[data-tick-all]")) {
    for (const tick of list.querySelectorAll("[data-tick]")) tick.checked = event.target.checked;
  }
  if (event.target.matches("[data-tick], [data-tick-all]")) count(list);
});

document.addEventListener("formdata", (event) => {
  const form = event.target;
  if (form.matches("[data-columns]")) {
    const shown = [...form.querySelectorAll("[data-column]:checked")].map((box) => box.dataset.column);
    event.formData.set("columns", ["", ...shown].join(","));
  }
  if (!form.matches("[data-filters], [data-columns]")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("toggle", (event) => {
  const slot = event.target.dataset?.lazy;
  if (slot && event.target.open) htmx.trigger(document.getElementById(slot), "open");
}, true);
