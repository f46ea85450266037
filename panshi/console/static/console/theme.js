// Colours, row height and the folded side bar: kept in cookies, so that the server draws them at once.
import { remember } from "./words.js";

const root = document.documentElement;

export function token(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

function choose(name, value) {
  root.dataset[name] = value;
  remember(name, value);
  document.dispatchEvent(new CustomEvent("panshi:theme"));
}

function mark(button, name) {
  for (const other of document.querySelectorAll(`[data-set-${name}]`)) other.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-set-theme], [data-set-density], [data-fold], [data-menu]");
  if (!button) return;
  if (button.dataset.setTheme) {
    choose("theme", button.dataset.setTheme);
    mark(button, "theme");
  } else if (button.dataset.setDensity) {
    choose("density", button.dataset.setDensity);
    location.reload();
  } else if ("fold" in button.dataset) {
    choose("side", root.dataset.side === "folded" ? "open" : "folded");
  } else {
    root.dataset.menu = root.dataset.menu === "open" ? "closed" : "open";
  }
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new CustomEvent("panshi:theme"));
});
