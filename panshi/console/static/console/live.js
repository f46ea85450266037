// Elements with data-live="room.Fact room.*" get a "live" event when such a fact becomes true.
// One tab of the browser holds the stream and tells the others, as connections are few.
const QUIET_MS = 800;
const RETRY_MS = 3000;
const channel = new BroadcastChannel("panshi-live");
const waiting = new Map();
let lost = false;
// A page that an act led to may have missed what followed from it before anybody listened.
let early = performance.getEntriesByType("navigation")[0]?.redirectCount > 0;

function wants(element, fact) {
  return element.dataset.live.split(/\s+/).some(
    (name) => name === fact || (name.endsWith("*") && fact.startsWith(name.slice(0, -1))),
  );
}

function busy(element) {
  const focused = document.activeElement;
  const typing = focused && element.contains(focused) && focused.matches("input, select, textarea");
  // A question that waits for its answer belongs to a form that must still be there then.
  const asked = document.querySelector("#confirm[open]");
  return typing || asked !== null || element.querySelector("details[open], input[data-tick]:checked") !== null;
}

function wake(element) {
  if (waiting.has(element)) return;
  waiting.set(element, setTimeout(() => {
    waiting.delete(element);
    if (!element.isConnected) return;
    if (busy(element)) wake(element);
    else htmx.trigger(element, "live");
  }, QUIET_MS));
}

function tell(fact) {
  for (const element of document.querySelectorAll("[data-live]")) {
    if (fact === "*" || wants(element, fact)) wake(element);
  }
  document.dispatchEvent(new CustomEvent("panshi:fact", { detail: { fact } }));
}

channel.addEventListener("message", (event) => tell(event.data));

function share(fact) {
  channel.postMessage(fact);
  tell(fact);
}

function listen() {
  return new Promise((ended) => {
    const stream = new EventSource("/live/");
    stream.addEventListener("open", () => {
      document.documentElement.dataset.stream = "open";
      // Facts may have passed while nobody listened: everything is asked anew.
      if (lost || early) share("*");
      lost = early = false;
    });
    stream.addEventListener("fact", (event) => share(JSON.parse(event.data).fact));
    stream.addEventListener("lost", () => share("*"));
    stream.addEventListener("error", () => {
      lost = true;
      document.documentElement.dataset.stream = "lost";
      if (stream.readyState === EventSource.CLOSED) ended();
    });
  });
}

async function hold() {
  for (;;) {
    await listen();
    await new Promise((again) => setTimeout(again, RETRY_MS));
  }
}

if (document.querySelector("[data-live]")) {
  if (early) tell("*"); // Where another tab holds the stream, this one never sees it open.
  if (navigator.locks) navigator.locks.request("panshi-live", hold);
  else hold();
}
