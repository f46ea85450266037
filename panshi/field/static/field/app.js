// The engineers' app: the day as a route, one screen per job, and the state of network and queue.
import * as queue from "./queue.js";
import * as store from "./store.js";
import { ask, clock, day as longDay, h, icon, plate, say, t } from "./draw.js";
import { screen } from "./job.js";

const main = document.getElementById("content");
const title = document.getElementById("title");
const back = document.getElementById("back");
const FRESH_MS = 5 * 60000;
let drawing = 0;

function atNight() {
  const root = document.documentElement;
  const hour = new Date().getHours();
  if (root.dataset.theme === "system" && (hour >= 19 || hour < 6)) root.dataset.theme = "dark";
}

async function fetchDay() {
  let answer;
  try {
    answer = await fetch("/field/day.json", { credentials: "same-origin", headers: { Accept: "application/json" } });
  } catch { return false; }
  if (answer.status === 401) {
    queue.state.signedOut = true;
    const left = (await store.queued()).length;
    if (!left) { await store.wipe(); location.assign("/sign-in/?next=/field/"); }
    return false;
  }
  if (!answer.ok) return false;
  queue.state.signedOut = false;
  await store.takeDay(await answer.json());
  await draw();
  return true;
}

function mark(job, items) {
  if (items.some((item) => item.state === "REFUSED")) return h("span", { class: "state state-bad" }, t("look"));
  if (items.length) return h("span", { class: "state state-warn" }, t("on_phone", { n: items.length }));
  return h("span", { class: `state state-${job.visit_state === "DONE" ? "ok" : "info"}` }, t(`state_${job.visit_state}`));
}

async function today() {
  const [all, items, day] = await Promise.all([store.jobs(), store.queued(), store.note("day")]);
  title.textContent = t("today");
  back.hidden = true;
  const next = all.find((job) => job.visit_state !== "DONE" && !job.given_back);
  return h("div", {},
    h("p", { class: "day" }, longDay(day ? day.made_at : new Date()), day ? h("span", { class: "quiet" }, ` · ${t("fetched", { time: clock(day.made_at) })}`) : null),
    all.length ? h("ol", { class: "route" }, all.map((job) => h("li", { class: `stop ${job.visit_state === "DONE" ? "stop-done" : job === next ? "stop-next" : ""}` },
      h("time", { class: "stop-time", datetime: job.starts_at }, clock(job.starts_at)),
      h("a", { class: "panel stop-card", href: `#job/${job.work_order_id}` },
        h("span", { class: "job-line" }, plate(job.plate), mark(job, items.filter((item) => item.job === job.work_order_id))),
        h("b", {}, job.services.join("、")),
        h("span", { class: "quiet" }, `${job.address || job.customer_name} · ${t("minutes", { n: job.minutes })}`)))))
      : h("div", { class: "blank" }, icon("route"), h("p", {}, day ? t("no_jobs") : t("no_day"))),
    day?.van ? h("p", { class: "quiet van" }, icon("truck"), ` ${t("van", { name: day.van.name, n: day.van.parts.length })}`) : null);
}

async function waiting() {
  title.textContent = t("queue");
  back.hidden = false;
  const items = await store.queued();
  const save = async () => {
    const link = h("a", { href: URL.createObjectURL(await queue.exported()), download: `panshi-${new Date().toISOString().slice(0, 10)}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  return h("div", {},
    items.length ? h("ul", { class: "panel queue" }, items.map((item) => h("li", {},
      h("span", { class: `state state-${item.state === "REFUSED" ? "bad" : "warn"}` }, item.label), h("span", { class: "quiet" }, clock(item.done_at)),
      item.words ? h("p", { class: "quiet" }, item.words, " ", h("a", { href: `#job/${item.job}` }, t("look"))) : null)))
      : h("p", { class: "blank" }, t("all_sent")),
    h("div", { class: "stack" },
      h("button", { class: "btn btn-primary btn-wide", type: "button", disabled: !items.length, onclick: async () => { if (!navigator.onLine) say(t("no_network"), "bad"); await queue.flush(true); await fetchDay(); } }, t("send_now")),
      h("button", { class: "btn btn-wide", type: "button", disabled: !items.length, onclick: save }, t("save_file"))),
    h("div", { class: "stack last" },
      h("p", { class: "quiet" }, document.body.dataset.name),
      h("button", { class: "btn btn-wide", type: "button", onclick: () => document.getElementById("language").requestSubmit() }, document.body.dataset.otherLanguage),
      h("button", { class: "btn btn-wide", type: "button", "data-sign-out": true, onclick: signOut }, t("sign_out"))));
}

async function signOut() {
  await queue.flush(true);
  const left = (await store.queued()).length;
  if (left) return say(t("sign_out_no", { n: left }), "bad");
  if (!navigator.onLine) return say(t("no_network"), "bad");
  if (!(await ask(t("sign_out_ask"), t("sign_out")))) return undefined;
  await store.wipe();
  return document.getElementById("sign-out").requestSubmit();
}

// A tap or a stroke of the pen is lost when what it began on is drawn anew before it ends.
let pressed = false;
let owed = false;
addEventListener("pointerdown", () => { pressed = true; }, true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => {
    pressed = false;
    if (owed) setTimeout(() => { owed = false; draw(); });
  }, true);
}

async function draw() {
  const turn = ++drawing;
  const [, place, id] = location.hash.match(/^#(\w+)(?:\/(.+))?$/) || [];
  let content;
  if (place === "job") {
    content = await screen(id, draw);
    const job = await store.job(id);
    title.textContent = job ? job.number : t("today");
    back.hidden = false;
  } else content = place === "queue" ? await waiting() : await today();
  if (turn !== drawing) return; // A newer drawing began meanwhile.
  if (pressed) { owed = true; return; }
  if (main.dataset.place === location.hash) keepWhatIsSame(content);
  const focused = document.activeElement;
  main.dataset.place = location.hash;
  main.replaceChildren(content);
  if (focused !== document.activeElement && main.contains(focused)) focused.focus({ preventScroll: true });
}

// What somebody is typing or signing must survive an upload that ends meanwhile.
function keepWhatIsSame(content) {
  for (const fresh of content.querySelectorAll("[data-key]")) {
    const old = main.querySelector(`[data-key="${CSS.escape(fresh.dataset.key)}"]`);
    if (old?.dataset.print === fresh.dataset.print) fresh.replaceWith(old);
  }
}

function headLine() {
  const online = navigator.onLine;
  const net = document.getElementById("net");
  net.className = `net ${online ? "net-on" : "net-off"}`;
  net.replaceChildren(icon(online ? "antenna" : "wifi-off"), online ? t("online") : t("offline"));
  const count = document.getElementById("count");
  const { waiting: left, refused, sending, signedOut, fault, skew } = queue.state;
  count.className = `count-link ${refused || signedOut ? "count-bad" : left ? "count-warn" : "count-ok"}`;
  count.textContent = refused ? t("refused_n", { n: refused }) : left ? t(sending ? "sending_n" : "left_n", { n: left }) : t("sent");
  const told = document.getElementById("told");
  const words = signedOut ? t("signed_out") : fault ? t("fault", { code: fault }) : Math.abs(skew) > 120 ? t("skew", { n: Math.round(Math.abs(skew) / 60) }) : "";
  told.hidden = !words;
  told.replaceChildren(words, signedOut ? h("a", { class: "btn", href: "/sign-in/?next=/field/" }, t("sign_in")) : "");
}

async function install() {
  if (!("serviceWorker" in navigator)) {
    document.getElementById("no-worker").hidden = false;
    return;
  }
  const worker = await navigator.serviceWorker.register("/field/sw.js", { scope: "/field/" });
  const offer = () => { if (worker.waiting && navigator.serviceWorker.controller) document.getElementById("update").hidden = false; };
  worker.addEventListener("updatefound", () => worker.installing?.addEventListener("statechange", offer));
  offer();
  document.getElementById("update-now").addEventListener("click", () => worker.waiting?.postMessage("take over"));
  // The page that installs the worker is not served by it yet, so it asks to be kept as well.
  let first = !navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (first) first = false;
    else location.reload();
  });
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data === "kept") document.documentElement.dataset.worker = "ready";
  });
  (await navigator.serviceWorker.ready).active.postMessage("keep the page");
  navigator.storage?.persist?.();
}

let finished = 0;
queue.onChange(() => {
  headLine();
  draw();
  clearTimeout(finished);
  const { waiting: left, sending } = queue.state;
  if (!left && !sending && navigator.onLine) finished = setTimeout(async () => { if (queue.state.news) { queue.state.news = false; await fetchDay(); } }, 300);
});
addEventListener("hashchange", () => { main.dataset.place = ""; scrollTo(0, 0); draw(); });
addEventListener("online", () => { headLine(); fetchDay(); });
addEventListener("offline", headLine);
document.addEventListener("visibilitychange", async () => {
  const day = await store.note("day");
  if (document.visibilityState === "visible" && (!day || Date.now() - Date.parse(day.made_at) > FRESH_MS)) fetchDay();
});

atNight();
headLine();
draw();
queue.start();
fetchDay();
install();
