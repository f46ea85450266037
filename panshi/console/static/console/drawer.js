// A link with data-drawer opens its answer at the side; the address bar follows, Esc closes.
let opener = null;

function drawer() {
  return document.getElementById("drawer");
}

async function show(url, wide) {
  const dialog = drawer();
  dialog.toggleAttribute("data-wide", wide);
  await htmx.ajax("GET", url, { target: "#drawer-slot", swap: "innerHTML" });
  if (!dialog.open && document.getElementById("drawer-slot").childElementCount) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-drawer]");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    opener = link;
    history.replaceState(history.state, "", `#drawer=${encodeURIComponent(link.getAttribute("href"))}`);
    show(link.href, link.dataset.drawer === "wide");
  }
  if (event.target.closest?.("[data-close-drawer]") || event.target === drawer()) drawer().close();
}, true);

document.addEventListener("close", (event) => {
  if (event.target !== drawer()) return;
  document.getElementById("drawer-slot").replaceChildren();
  history.replaceState(history.state, "", location.pathname + location.search);
  opener?.focus();
  opener = null;
}, true);

const asked = location.hash.match(/^#drawer=(.+)$/);
if (asked && drawer()) {
  const url = new URL(decodeURIComponent(asked[1]), location.href);
  if (url.origin === location.origin) addEventListener("load", () => show(url.href, false));
}
