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

// Whether somebody has changed a field and not sent it yet.
function changed(field) {
  if (!field.matches("input, select, textarea")) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (!field.matches("select")) return field.type !== "hidden" && field.value !== field.defaultValue;
  const options = [...field.options];
  if (field.multiple) return options.some((option) => option.selected !== option.defaultSelected);
  return field.selectedOptions[0] !== (options.find((option) => option.defaultSelected) ?? options[0]);
}

function busy(element) {
  const target = element.getAttribute("hx-target") ?? "";
  const region = (target.startsWith("#") && document.querySelector(target)) || element;
  const focused = document.activeElement;
  const typing = focused && region.contains(focused) && focused.matches("input, select, textarea");
  // A form in which somebody has begun to answer is not drawn anew under their hands.
  const answering = [...region.querySelectorAll("form")].some((form) => [...form.elements].some(changed));
  // A question that waits for its answer belongs to a form that must still be there then.
  const question = document.querySelector("#confirm[open]");
  return typing || answering || question !== null
    || region.querySelector("details[open], input[data-tick]:checked") !== null;
}

// What is being asked for at the moment; news that come meanwhile ask once more afterwards.
const asked = new WeakSet();
document.addEventListener("htmx:before:request", (event) => asked.add(event.target));
document.addEventListener("htmx:finally:request", (event) => asked.delete(event.target));

// What stands where an element stood that was drawn anew, perhaps from before the news.
function heirs(element) {
  return [...document.querySelectorAll("[data-live]")].filter((other) => other.dataset.live === element.dataset.live);
}

function wake(element) {
  if (waiting.has(element)) return;
  waiting.set(element, setTimeout(() => {
    waiting.delete(element);
    if (!element.isConnected) heirs(element).forEach(wake);
    else if (asked.has(element) || busy(element)) wake(element);
    else htmx.trigger(element, "live");
  }, QUIET_MS));
}

// Somebody may have begun to type while the answer was under way.
document.addEventListener("htmx:before:swap", (event) => {
  const element = event.detail.ctx?.sourceElement;
  if (!element?.matches?.("[data-live]") || !busy(element)) return;
  event.preventDefault();
  wake(element);
});

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
