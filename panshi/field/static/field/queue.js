// Acts wait here until the server has them: in order per job, once each, through any number of tries.
import * as store from "./store.js";

const EVERY_MS = 15000;
const LONGEST_WAIT_MS = 5 * 60000;
// What waits for a fact of the act before it is sent again so soon, so often.
const TOO_EARLY = 425;
const SOON_MS = 3000;
const MOST_EARLY = 10;
const ADDRESS = "/field/acts/";
const listeners = new Set();
let running = null;
export const state = { waiting: 0, refused: 0, sending: false, signedOut: false, fault: 0, skew: 0, news: false };

export const onChange = (listener) => listeners.add(listener);

async function tell() {
  const all = await store.queued();
  state.waiting = all.filter((item) => item.state === "WAITING").length;
  state.refused = all.length - state.waiting;
  if (navigator.setAppBadge) (all.length ? navigator.setAppBadge(all.length) : navigator.clearAppBadge()).catch(() => null);
  for (const listener of listeners) listener();
}

// `content` is an ArrayBuffer, as some browsers lose Blobs in IndexedDB.
export async function add({ job, verb, label, given, content = null, name = "" }, changed) {
  const item = {
    key: crypto.randomUUID(), job, verb, label, given, content, name,
    done_at: new Date().toISOString(), tries: 0, not_before: 0, state: "WAITING", words: "",
  };
  await store.keepAct(item, changed);
  await tell();
  flush();
}

function cookie(name) {
  return document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) || "";
}

async function post(item) {
  const body = new FormData();
  body.append("verb", item.verb);
  body.append("given", JSON.stringify(item.given));
  body.append("done_at", item.done_at);
  body.append("now", new Date().toISOString());
  if (item.content) body.append("content", new Blob([item.content]), item.name);
  return fetch(ADDRESS, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: { "Idempotency-Key": item.key, "X-CSRFToken": cookie("csrftoken"), Accept: "application/json" },
  });
}

// Answers whether the next act of the same job may be sent.
async function send(item) {
  let answer;
  try {
    answer = await post(item);
  } catch {
    return false; // No network: the next tick tries again.
  }
  if (answer.status === 201 || answer.status === 200) {
    state.skew = (await answer.json().catch(() => ({}))).skew_s || 0;
    state.fault = 0;
    state.news = true;
    await store.dropItem(item.seq);
    return true;
  }
  if (answer.status === 401) {
    state.signedOut = true;
    return false;
  }
  if ([403, 404, 409, 413, 422].includes(answer.status)) {
    const told = await answer.json().catch(() => ({}));
    await store.keepItem({ ...item, state: "REFUSED", words: told.words || String(answer.status) });
    return true; // The server judges each later act for itself.
  }
  const tries = item.tries + 1;
  if (answer.status === TOO_EARLY) {
    const told = await answer.json().catch(() => ({}));
    if (tries > MOST_EARLY) await store.keepItem({ ...item, state: "REFUSED", words: told.words || "" });
    else await store.keepItem({ ...item, tries, not_before: Date.now() + SOON_MS });
    if (tries <= MOST_EARLY) setTimeout(flush, SOON_MS);
    return tries > MOST_EARLY;
  }
  state.fault = answer.status;
  await store.keepItem({ ...item, tries, not_before: Date.now() + Math.min(LONGEST_WAIT_MS, 2 ** tries * 1000) });
  return false;
}

async function run(urgent) {
  state.sending = true;
  const held = new Set();
  for (const item of await store.queued()) {
    if (item.state !== "WAITING" || held.has(item.job)) continue;
    const due = urgent || item.not_before <= Date.now();
    if (!due || !(await send(item))) held.add(item.job);
    await tell();
    if (state.signedOut) break;
  }
  state.sending = false;
  await tell();
}

// Only one window sends at a time; the key makes a second sending harmless all the same.
export function flush(urgent = false) {
  if (!navigator.onLine) return Promise.resolve();
  const guarded = () => navigator.locks
    ? navigator.locks.request(`panshi-field-queue-${document.body.dataset.user}`, () => run(urgent))
    : run(urgent);
  running = (running || Promise.resolve()).then(guarded).catch(() => { state.sending = false; });
  return running;
}

// A refused act was not done, so it may be asked for anew under a key of its own.
export async function retry(item) {
  await store.keepItem({ ...item, key: crypto.randomUUID(), state: "WAITING", words: "", tries: 0, not_before: 0 });
  await tell();
  return flush(true);
}

export async function discard(item) {
  await store.dropItem(item.seq);
  await tell();
}

function base64(buffer) {
  let text = "";
  const bytes = new Uint8Array(buffer);
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

// Everything not yet uploaded, as one file that can be handed over by other means.
export async function exported() {
  const items = (await store.queued()).map((item) => ({ ...item, content: item.content ? base64(item.content) : null }));
  return new Blob([JSON.stringify({ format: "panshi.queue/1", user: document.body.dataset.user, items }, null, 1)], { type: "application/json" });
}

export function start() {
  addEventListener("online", () => flush(true));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && flush(true));
  setInterval(() => flush(), EVERY_MS);
  tell().then(() => flush(true));
}
