// What the customers' pages add where scripts run: live regions, one's own place, one press once.
import "../console/guard.js";

const banner = document.querySelector("[data-offline]");
function connection() {
  banner.hidden = navigator.onLine;
}
addEventListener("online", connection);
addEventListener("offline", connection);
connection();

// A region with data-live is fetched anew from this very page when such a fact becomes true.
const QUIET_MS = 600;
const RETRY_MS = 4000;
let waiting = 0;

let asking = false;

// A question that waits for its answer belongs to a form that must still be there then.
function busy() {
  const typing = document.activeElement.matches("[data-live] :is(input, textarea)");
  return asking || typing || document.querySelector("#confirm[open]") !== null;
}

async function refresh() {
  waiting = 0;
  if (busy()) return soon();
  asking = true;
  const answer = await fetch(location.href, { headers: { "X-Live": "1" } }).catch(() => null);
  const text = answer?.ok && !answer.redirected && await answer.text().catch(() => null);
  asking = false;
  if (!text) return;
  if (busy()) return soon(); // Somebody began to answer while the news were under way.
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (next) region.replaceWith(document.adoptNode(next));
  }
}

function soon() {
  if (!waiting) waiting = setTimeout(refresh, QUIET_MS);
}

function wanted(fact) {
  return [...document.querySelectorAll("[data-live]")].some((region) =>
    region.dataset.live.split(/\s+/).some((name) => name === fact || (name.endsWith("*") && fact.startsWith(name.slice(0, -1)))));
}

function listen(address) {
  const stream = new EventSource(address);
  let lost = false;
  // A page that an act led to may have missed what followed from it before anybody listened.
  let early = performance.getEntriesByType("navigation")[0]?.redirectCount > 0;
  stream.addEventListener("open", () => {
    document.documentElement.dataset.stream = "open";
    if (lost || early) soon();
    lost = early = false;
  });
  stream.addEventListener("fact", (event) => {
    if (wanted(JSON.parse(event.data).fact)) soon();
  });
  stream.addEventListener("lost", soon);
  stream.addEventListener("error", () => {
    lost = true;
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(address), RETRY_MS);
  });
}

const live = document.querySelector("[data-live]");
if (live) {
  // A stranger who holds a link has no stream of news, and asks by the clock alone.
  if (live.dataset.stream !== "none") listen("/live/");
  const seconds = Number(live.dataset.every);
  if (seconds) setInterval(() => document.visibilityState === "visible" && refresh(), seconds * 1000);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
}

// "Where I am now" fills the place of a booking and sends it.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-locate]");
  if (!button) return;
  button.disabled = true;
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    const form = document.getElementById(button.dataset.locate);
    form.elements.lon.value = coords.longitude.toFixed(6);
    form.elements.lat.value = coords.latitude.toFixed(6);
    form.requestSubmit();
  }, () => {
    button.disabled = false;
    document.getElementById(button.dataset.failed).hidden = false;
  }, { enableHighAccuracy: true, timeout: 10000 });
});
for (const hidden of document.querySelectorAll("[data-needs-place]")) {
  hidden.hidden = !("geolocation" in navigator);
}
