// What the phone keeps, per person: the shift's records, acts not yet uploaded, and a few notes.
import { openDB, deleteDB } from "idb";

const person = document.body.dataset.user;
const NAME = `panshi-field-${person}`;
let opened;

function base() {
  opened ??= openDB(NAME, 2, {
    upgrade(db, before) {
      if (before < 1) {
        const queue = db.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
        queue.createIndex("job", "job");
        db.createObjectStore("jobs", { keyPath: "work_order_id" });
        db.createObjectStore("notes");
      }
      // Of the yard: vehicles that change hands, upkeep, counts; `id` is the place of their screen.
      if (before < 2) db.createObjectStore("yard", { keyPath: "id" });
    },
  });
  return opened;
}

export const note = async (key) => (await base()).get("notes", key);
export const keepNote = async (key, value) => (await base()).put("notes", value, key);

export const jobs = async () =>
  (await (await base()).getAll("jobs")).sort((a, b) => a.starts_at.localeCompare(b.starts_at));
export const job = async (id) => (await base()).get("jobs", id);
export const yard = async (kind) =>
  (await (await base()).getAll("yard")).filter((each) => each.id.startsWith(`${kind}/`)).sort((a, b) => a.rank - b.rank);
export const inYard = async (id) => (await base()).get("yard", id);
export const keepInYard = async (value) => (await base()).put("yard", value);

// A record of either kind as it is kept now, and the name under which its acts wait.
export const again = (drawn) => (drawn.work_order_id ? job(drawn.work_order_id) : inYard(drawn.id));
export const nameOf = (record) => record.work_order_id || record.id;
export const screenOf = (name) => (name.includes("/") ? `#${name}` : `#job/${name}`);

export const queued = async () => (await base()).getAll("queue");
export const queuedFor = async (id) => (await base()).getAllFromIndex("queue", "job", id);
export const keepItem = async (item) => (await base()).put("queue", item);
// How often an act was kept or reached the server: a day fetched meanwhile does not know of it.
export const acts = async () => (await note("acts")) || 0;

async function counted(transaction) {
  const notes = transaction.objectStore("notes");
  await notes.put(((await notes.get("acts")) || 0) + 1, "acts");
}

export async function dropItem(seq) {
  const transaction = (await base()).transaction(["queue", "notes"], "readwrite");
  await Promise.all([transaction.objectStore("queue").delete(seq), counted(transaction), transaction.done]);
}

// An act and what it makes of its record are kept together or not at all.
export async function keepAct(item, changed) {
  const kept = changed.work_order_id ? "jobs" : "yard";
  const transaction = (await base()).transaction(["queue", kept, "notes"], "readwrite");
  await Promise.all([
    counted(transaction),
    transaction.objectStore("queue").add(item),
    transaction.objectStore(kept).put(changed),
    transaction.done,
  ]);
}

// What was typed and ticked on the phone outlives a fresh day while the same inspection is open.
function drafted(fresh, old) {
  const { begun } = fresh;
  if (!begun) return null;
  const same = old?.draft?.inspection_id === begun.id ? old.draft : { checks: {}, inspection_id: begun.id };
  return { ...same, marks: begun.marks, views: begun.views };
}

// What was finished today stays to be seen, though the server has nothing left to do there.
const finished = (record) => record.done || record.over || record.left || (record.kind === "IN" && record.handed);

function recordsOf({ day, yard }) {
  if (!yard) return [];
  const handings = yard.handings.map((each) => ({ ...each, lease_id: each.id, id: `handing/${each.id}` }));
  const upkeep = yard.upkeep.map((each) => ({ ...each, task_id: each.id, id: `upkeep/${each.id}` }));
  const counts = yard.counts.map((each) => ({ ...each, lot_id: each.id, id: `count/${each.id}` }));
  return [...handings, ...upkeep, ...counts].map((each, rank) => ({ ...each, rank, day }));
}

// The server's day replaces ours, but for records that hold acts it has not seen; a day that was
// on its way while an act was, asked for when `acts` were `known`, is left and asked for anew.
export async function takeDay(day, known) {
  const db = await base();
  const transaction = db.transaction(["queue", "jobs", "yard", "notes"], "readwrite");
  if (((await transaction.objectStore("notes").get("acts")) || 0) !== known) return false;
  const busy = new Set((await transaction.objectStore("queue").getAll()).map((item) => item.job));
  const replace = async (name, key, records, merge) => {
    const store = transaction.objectStore(name);
    const fresh = new Set(records.map((each) => each[key]));
    const old = new Map((await store.getAll()).map((each) => [each[key], each]));
    for (const [id, each] of old) if (!busy.has(id) && !fresh.has(id) && !(each.day === day.day && finished(each))) store.delete(id);
    for (const each of records) if (!busy.has(each[key])) store.put(merge(each, old.get(each[key])));
  };
  await replace("jobs", "work_order_id", day.jobs, (each) => each);
  await replace("yard", "id", recordsOf(day), (each, old) => (each.vehicle_id ? { ...each, draft: drafted(each, old) } : each));
  const { jobs: _jobs, yard, ...rest } = day;
  const { handings: _handings, upkeep: _upkeep, counts: _counts, ...aids } = yard || {};
  const notes = transaction.objectStore("notes");
  notes.put({ ...rest, works_in_yard: Boolean(yard) }, "day");
  notes.put(aids, "yard");
  await transaction.done;
  return true;
}

// A day that is just being fetched must not come back: from here on all wait for the page to go.
export async function wipe() {
  const before = opened;
  opened = new Promise(() => {});
  if (before) (await before).close();
  await deleteDB(NAME);
  for (const name of await caches.keys()) if (name.startsWith("panshi-pages")) await caches.delete(name);
}
