// What every page of the console needs; charts and maps are fetched only where one stands.
import { toast } from "./toast.js";
import { token } from "./theme.js";
import "./live.js";
import "./palette.js";
import "./guard.js";
import "./list.js";
import "./drawer.js";

async function furnish() {
  if (document.querySelector("[data-chart]")) (await import("./chart.js")).draw();
  if (document.querySelector("[data-map]")) (await import("./map.js")).draw();
  document.querySelector("[data-focus]")?.focus();
  const line = document.querySelector(".stages");
  const now = line?.querySelector("[aria-current]");
  if (now) line.scrollLeft = now.offsetLeft - line.offsetLeft - (line.clientWidth - now.clientWidth) / 2;
}

document.addEventListener("htmx:after:swap", furnish);
furnish();

window.panshi = { toast, token };
