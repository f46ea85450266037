// The app of the field: the day as a route, one screen per job, and the state of network and queue.
import * as queue from "./queue.js";
import * as store from "./store.js";
import { ask, clock, day as longDay, dayOf, h, icon, listed, plate, plateText, say, t } from "./draw.js";
import { screen as count } from "./count.js";
import { screen as handing } from "./handing.js";
import { screen as job } from "./job.js";
import { screen as upkeep } from "./upkeep.js";

const main = document.getElementById("content");
const title = document.getElementById("title");
const back = document.getElementById("back");
const SCREENS = { job, handing, upkeep, count };
const FRESH_MS = 5 * 60000;
let drawing = 0;

function atNight() {
  const root = document.documentElement;
  const hour = new Date().getHours();
  if (root.dataset.theme === "system" && (hour >= 19 || hour < 6)) root.dataset.theme = "dark";
}

async function fetchDay() {
  const known = await store.acts();
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
  if (!(await store.takeDay(await answer.json(), known))) queue.state.news = true;
  await draw();
  return true;
}

function mark(items, state, words) {
  if (items.some((item) => item.state === "REFUSED")) return h("span", { class: "state state-bad" }, t("look"));
  if (items.length) return h("span", { class: "state state-warn" }, t("on_phone", { n: items.length }));
  return h("span", { class: `state state-${state}` }, words);
}

const of = (items, name) => items.filter((item) => item.job === name);

function route(jobs, items) {
  const next = jobs.find((each) => each.visit_state !== "DONE" && !each.given_back);
  return h("ol", { class: "route" }, jobs.map((each) => h("li", { class: `stop ${each.visit_state === "DONE" ? "stop-done" : each === next ? "stop-next" : ""}` },
    h("time", { class: "stop-time", datetime: each.starts_at }, clock(each.starts_at)),
    h("a", { class: "panel stop-card", href: `#job/${each.work_order_id}` },
      h("span", { class: "job-line" }, plate(each.plate), mark(of(items, each.work_order_id), each.visit_state === "DONE" ? "ok" : "info", t(`state_${each.visit_state}`))),
      h("b", {}, listed(each.services)),
      h("span", { class: "quiet" }, `${each.address || each.customer_name} · ${t("minutes", { n: each.minutes })}`)))));
}

function standing(each) {
  if (each.left || (each.kind === "IN" && each.handed)) return ["ok", t("state_DONE")];
  if (each.handed) return ["warn", t("leave")];
  if (each.draft) return ["info", t("inspecting")];
  if (each.arrived_at) return ["warn", t("arrived")];
  return ["info", dayOf(each.on)];
}

function list(title, records, line) {
  if (!records.length) return null;
  return h("section", { class: "yard" }, h("h2", {}, title), h("ul", { class: "panel sheet-list" }, records.map((each) => h("li", {}, h("a", { class: "yard-line", href: `#${each.id}` }, line(each))))));
}

async function yard(items) {
  const [handings, tasks, counts] = await Promise.all(["handing", "upkeep", "count"].map(store.yard));
  return [
    list(t("handings"), handings, (each) => [
      h("span", { class: "job-line" }, plate(each.plate), mark(of(items, each.id), ...standing(each))),
      h("b", {}, t(`handing_${each.kind}`)), h("span", { class: "quiet" }, each.customer_name)]),
    list(t("upkeep"), tasks, (each) => [
      h("span", { class: "job-line" }, plate(each.plate), mark(of(items, each.id), each.done ? "ok" : each.late ? "bad" : "info", each.done ? t("state_DONE") : dayOf(each.due_on))),
      h("span", {}, h("b", {}, each.words), h("span", { class: "quiet" }, ` · ${each.place}`))]),
    list(t("counts"), counts, (each) => [
      h("span", { class: "job-line" }, h("b", {}, each.lot), each.stocktake_id || of(items, each.id).length ? mark(of(items, each.id), each.over ? "ok" : "info", t("count_of", { n: each.seen.length, of: each.expected.length })) : null),
      h("span", { class: "quiet" }, t("count_expected", { n: each.expected.length }))]),
  ];
}

async function today() {
  const [all, items, day] = await Promise.all([store.jobs(), store.queued(), store.note("day")]);
  const below = (await yard(items)).filter(Boolean);
  title.textContent = t("today");
  back.hidden = true;
  return h("div", {},
    h("p", { class: "day" }, longDay(day ? day.made_at : new Date()), day ? h("span", { class: "quiet" }, ` · ${t("fetched", { time: clock(day.made_at) })}`) : null),
    all.length ? route(all, items)
      : below.length ? null : h("div", { class: "blank" }, icon("route"), h("p", {}, !day ? t(navigator.onLine ? "fetching" : "no_day") : t(day.works_in_yard ? "no_yard" : "no_jobs"))),
    below,
    h("p", { class: "quiet van" }, icon("certificate"), " ", h("a", { href: "/handbook/exams/" }, t("exams")), " · ", h("a", { href: "/handbook/tasks/" }, t("changes"))),
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
      item.words ? h("p", { class: "quiet" }, item.words, " ", h("a", { href: store.screenOf(item.job) }, t("look"))) : null)))
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
  if (place in SCREENS) {
    const name = place === "job" ? id : `${place}/${id}`;
    content = await SCREENS[place](name, draw);
    const record = await (place === "job" ? store.job(id) : store.inYard(name));
    const called = record?.work_order_id ? record.number : record?.plate && plateText(record.plate);
    title.textContent = called || record?.lot || t("today");
    back.hidden = false;
  } else content = place === "queue" ? await waiting() : await today();
  if (turn !== drawing) return; // A newer drawing began meanwhile.
  if (pressed) { owed = true; return; }
  const focused = document.activeElement; // Asked first: what is kept leaves the page for a moment.
  if (main.dataset.place === location.hash) keepWhatIsSame(content);
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
