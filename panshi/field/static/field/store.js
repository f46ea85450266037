// What the phone keeps, per person: the day's jobs, acts not yet uploaded, and a few notes.
import { openDB, deleteDB } from "idb";

const person = document.body.dataset.user;
const NAME = `panshi-field-${person}`;
let opened;

function base() {
  opened ??= openDB(NAME, 1, {
    upgrade(db) {
      const queue = db.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
      queue.createIndex("job", "job");
      db.createObjectStore("jobs", { keyPath: "work_order_id" });
      db.createObjectStore("notes");
    },
  });
  return opened;
}

export const note = async (key) => (await base()).get("notes", key);
export const keepNote = async (key, value) => (await base()).put("notes", value, key);

export const jobs = async () =>
  (await (await base()).getAll("jobs")).sort((a, b) => a.starts_at.localeCompare(b.starts_at));
export const job = async (id) => (await base()).get("jobs", id);
export const keepJob = async (value) => (await base()).put("jobs", value);

export const queued = async () => (await base()).getAll("queue");
export const queuedFor = async (id) => (await base()).getAllFromIndex("queue", "job", id);
export const keepItem = async (item) => (await base()).put("queue", item);
export const dropItem = async (seq) => (await base()).delete("queue", seq);

// An act and what it makes of the job are kept together or not at all.
export async function keepAct(item, changed) {
  const transaction = (await base()).transaction(["queue", "jobs"], "readwrite");
  await Promise.all([
    transaction.objectStore("queue").add(item),
    transaction.objectStore("jobs").put(changed),
    transaction.done,
  ]);
}

// The server's day replaces ours, but for jobs that hold acts it has not seen.
export async function takeDay(day) {
  const db = await base();
  const transaction = db.transaction(["queue", "jobs", "notes"], "readwrite");
  const busy = new Set((await transaction.objectStore("queue").getAll()).map((item) => item.job));
  const store = transaction.objectStore("jobs");
  const fresh = new Set(day.jobs.map((each) => each.work_order_id));
  for (const old of await store.getAll()) {
    if (!busy.has(old.work_order_id) && !fresh.has(old.work_order_id)) store.delete(old.work_order_id);
  }
  for (const each of day.jobs) if (!busy.has(each.work_order_id)) store.put(each);
  const { jobs: _left, ...rest } = day;
  transaction.objectStore("notes").put(rest, "day");
  await transaction.done;
}

export async function wipe() {
  if (opened) (await opened).close();
  opened = undefined;
  await deleteDB(NAME);
  for (const name of await caches.keys()) if (name.startsWith("panshi-pages")) await caches.delete(name);
}
