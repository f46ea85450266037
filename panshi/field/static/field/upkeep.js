// A task of upkeep at a standing vehicle: readings, words, a photo, kept as one act.
import * as store from "./store.js";
import { dayOf, h, icon, plate, say, t } from "./draw.js";
import { camera } from "./photo.js";
import { act, button, once, refused, section } from "./sections.js";

const photos = new Map();

export async function screen(key, redraw) {
  const task = await store.inYard(key);
  if (!task) return h("p", { class: "blank" }, t("gone"));
  const items = await store.queuedFor(key);
  const range = `${task.soc_low === null ? "" : `≥ ${Number(task.soc_low)}`} ${task.soc_high === null ? "" : `≤ ${Number(task.soc_high)}`}`.trim();
  const number = (id, words) => h("label", { class: "field-label" }, words, h("input", { class: "form-control", id, type: "number", inputmode: "decimal", step: "any", min: 0 }));
  const soc = task.needs_soc ? number("upkeep-soc", `${t("pct")} ${range}`) : null;
  const volts = task.least_volts === null ? null : number("upkeep-volts", t("volts", { n: Number(task.least_volts) }));
  const note = h("textarea", { class: "form-control", id: "upkeep-note", rows: 2, maxlength: 200 });
  const valueOf = (label) => (label ? label.querySelector("input").valueAsNumber : null);
  const finish = once(async () => {
    const [pct, v] = [valueOf(soc), valueOf(volts)];
    if (soc && !(pct >= Number(task.soc_low ?? 0) && pct <= Number(task.soc_high ?? 100))) return say(t("pct_within", { range }), "bad");
    if (volts && !(v >= Number(task.least_volts))) return say(t("volts_first", { n: Number(task.least_volts) }), "bad");
    const content = photos.get(key) || null;
    if (task.needs_photo && !content) return say(t("photo_needed"), "bad");
    if (pct === null && v === null && !note.value.trim()) { note.focus(); return say(t("note_first"), "bad"); }
    const name = content ? "upkeep.jpg" : "";
    const given = { task_id: task.task_id, note: note.value.trim(), photo_name: name, ...(pct === null ? {} : { soc_pct: String(pct) }), ...(v === null ? {} : { volts: String(v) }) };
    await act(task, "fleet.finish_upkeep", task.words, given, { done: true }, { content, name });
    photos.delete(key);
  });
  const taken = h("p", { class: "quiet", hidden: !photos.has(key) }, icon("check"), ` ${t("photo_taken")}`);
  return h("div", {},
    h("section", { class: "panel job-head" },
      h("div", { class: "job-line" }, plate(task.plate), h("span", { class: `state state-${task.late ? "bad" : "info"}` }, dayOf(task.due_on))),
      h("p", { class: "job-services" }, task.words),
      h("p", { class: "quiet" }, `${task.place} · ${t("idle_days", { n: task.idle_days })}`)),
    refused(items, redraw),
    h("div", { class: "steps" }, section(1, t("evidence"), task.done ? "done" : "now", 0, soc, volts,
      h("label", { class: "field-label" }, t("note"), note),
      ...camera(key, t("photo_title"), (content) => { photos.set(key, content); taken.hidden = false; }, { wide: true, marks: { "data-upkeep-photo": true } }), taken,
      button(t("upkeep_do"), finish))),
    task.done ? h("p", { class: "note" }, icon("check"), ` ${t(items.length ? "over_waits" : "over_sent")}`) : null);
}
