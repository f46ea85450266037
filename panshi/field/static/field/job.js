// One job on one screen: its steps from top to bottom, each done with one act that is kept at once.
import * as store from "./store.js";
import { clock, h, icon, listed, plate, say, t } from "./draw.js";
import { camera, here } from "./photo.js";
import { beginnings, openProcedures, procedure } from "./procedure.js";
import { act, button, once, refused, section } from "./sections.js";
import { pad } from "./sign.js";

const REACHED = { PROMISED: 0, COMMITTED: 1, TRAVELLING: 2, ON_SITE: 3, DONE: 4 };
const AFTER_WORK = ["SELF_CHECKED", "RELEASED", "BILLED", "CLOSED"];

function head(job) {
  const place = job.lon !== null && job.lat !== null ? `geo:${job.lat},${job.lon}` : null;
  return h("section", { class: "panel job-head" },
    h("div", { class: "job-line" }, plate(job.plate), h("span", { class: "quiet" }, job.model_name)),
    h("p", { class: "job-services" }, listed(job.services)),
    h("p", {}, `${clock(job.window_start)} – ${clock(job.window_end)} · ${t("minutes", { n: job.minutes })} · `, job.customer_name || t("own")),
    h("p", {}, place ? h("a", { class: "job-place", href: place }, icon("map-pin"), job.address || t("map")) : job.address),
    job.high_voltage ? h("p", { class: "note note-warn" }, t("high_voltage")) : null,
    job.missing.length ? h("p", { class: "note note-bad", role: "alert" }, t("certificate", { kinds: listed(job.missing) })) : null);
}

function diagnosis(job) {
  const cause = h("input", { class: "form-control", id: "cause", maxlength: 80, "aria-label": t("cause") });
  const noteField = h("textarea", { class: "form-control", id: "note", rows: 2, maxlength: 500, "aria-label": t("note") });
  const choose = (outcome) => once(async () => {
    if (outcome === "OTHER_CAUSE" && !cause.value.trim()) { cause.focus(); return say(t("cause_first"), "bad"); }
    await act(job, "service.record_diagnosis", t("diagnosis"),
      { work_order_id: job.work_order_id, outcome, cause: cause.value.trim(), note: noteField.value.trim() },
      { order_state: "IN_WORK", outcome });
  });
  return [
    h("label", { class: "field-label" }, t("cause"), cause),
    h("label", { class: "field-label" }, t("note"), noteField),
    h("div", { class: "choices" }, ["CONFIRMED", "OTHER_CAUSE", "NOT_REPRODUCED", "NO_ACCESS"].map((code) =>
      h("button", { class: "btn", type: "button", onclick: choose(code) }, t(code)))),
  ];
}

function parts(job, day, aboard) {
  const used = job.parts.map((part) => h("li", {}, `${part.name} × ${part.quantity}`));
  const list = used.length ? h("ul", { class: "plain" }, used) : null;
  if (!aboard.length) return [list, h("p", { class: "quiet" }, t("van_empty"))];
  const choice = h("select", { class: "form-select", "aria-label": t("part") },
    aboard.map((part, at) => h("option", { value: at }, `${part.name}${part.lot ? ` · ${part.lot}` : ""} (${part.on_hand})`)));
  const count = h("input", { class: "form-control count", type: "number", inputmode: "numeric", min: 1, value: 1, "aria-label": t("quantity") });
  const use = once(async () => {
    const part = aboard[Number(choice.value)];
    const quantity = Number(count.value);
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > part.on_hand) return say(t("too_many", { n: part.on_hand }), "bad");
    part.on_hand -= quantity;
    await store.keepNote("day", day);
    await act(job, "service.use_part", t("part"),
      { visit_id: job.visit_id, item_code: part.item_code, quantity, lot: part.lot, client_id: crypto.randomUUID() },
      (now) => ({ parts: [...now.parts, { item_code: part.item_code, name: part.name, quantity }] }));
  });
  return [list, h("div", { class: "part-row" }, choice, count), button(t("use"), use, "")];
}

function photos(job, items) {
  const waiting = items.filter((item) => item.verb === "service.attach_photo").length;
  const take = (purpose) => {
    const name = `${purpose.toLowerCase()}.jpg`;
    return camera(`${job.work_order_id}/${purpose}`, t(`photo_${purpose}`), async (content) => {
      const place = await here(1500);
      await act(job, "service.attach_photo", t(`photo_${purpose}`),
        { work_order_id: job.work_order_id, name, purpose, ...(place || {}) },
        (now) => ({ photos: now.photos + 1 }), { content, name });
    }, { marks: { "data-purpose": purpose } });
  };
  const taken = ["BEFORE", "AFTER", "EVIDENCE"].map(take);
  return [
    h("p", { class: "quiet" }, t("photos", { n: job.photos }), waiting ? ` · ${t("on_phone", { n: waiting })}` : ""),
    h("div", { class: "choices" }, taken.map(([button_]) => button_)), taken.map(([, fault]) => fault),
  ];
}

function signature(job) {
  const name = h("input", { class: "form-control", id: "signed-by", maxlength: 60, autocomplete: "off" });
  const box = pad();
  const keep = once(async () => {
    if (!name.value.trim()) { name.focus(); return say(t("name_first"), "bad"); }
    const content = await box.png();
    if (!content) return say(t("sign_first"), "bad");
    await act(job, "service.sign_visit", t("signature"),
      { work_order_id: job.work_order_id, signed_by: name.value.trim() }, { signed: true }, { content, name: "signature.png" });
  });
  return [h("label", { class: "field-label" }, t("signed_by"), name), box.element,
    h("div", { class: "pair" }, h("button", { class: "btn", type: "button", onclick: box.clear }, t("clear")), h("button", { class: "btn btn-primary", type: "button", onclick: keep }, t("keep")))];
}

function selfCheck(job) {
  const inputs = job.readings.map((reading) => h("input", { class: "form-control", type: "number", step: "any", inputmode: "decimal", id: `reading-${reading.code}`, "data-code": reading.code }));
  const range = (r) => [r.low === null ? "" : `≥ ${r.low}`, r.high === null ? "" : `≤ ${r.high}`].filter(Boolean).join(" · ");
  const check = once(async () => {
    const readings = inputs.map((input) => ({ code: input.dataset.code, value: input.valueAsNumber }));
    const at = readings.findIndex(({ value }, i) => !Number.isFinite(value)
      || (job.readings[i].low !== null && value < job.readings[i].low) || (job.readings[i].high !== null && value > job.readings[i].high));
    if (at >= 0) { inputs[at].focus(); return say(t("reading_bad", { name: job.readings[at].name, range: range(job.readings[at]) }), "bad"); }
    await act(job, "service.self_check", t("self_check"), { work_order_id: job.work_order_id, readings }, { order_state: "SELF_CHECKED" });
  });
  return [job.readings.map((reading, at) => h("label", { class: "field-label" }, `${reading.name} (${reading.unit}) ${range(reading)}`, inputs[at])), button(t("self_check_do"), check)];
}

function refuse(job) {
  const why = h("input", { class: "form-control", maxlength: 200, "aria-label": t("why") });
  return h("details", { class: "refuse" }, h("summary", {}, t("cannot")),
    h("label", { class: "field-label" }, t("why"), why),
    h("button", { class: "btn btn-wide", type: "button", onclick: once(async () => {
      if (!why.value.trim()) { why.focus(); return say(t("why_first"), "bad"); }
      await act(job, "service.refuse_visit", t("cannot"), { visit_id: job.visit_id, reason: why.value.trim() }, { given_back: true });
    }) }, t("give_back")));
}

export async function screen(id, redraw) {
  const job = await store.job(id);
  if (!job) return h("p", { class: "blank" }, t("gone"));
  const items = await store.queuedFor(id);
  const at = REACHED[job.visit_state] ?? 0;
  const mark = (from, until) => (at >= until ? "done" : at >= from ? "now" : "ahead");
  const onSite = at >= 3 && at < 4;
  const working = onSite && job.order_state === "IN_WORK";
  const open = openProcedures(job);
  const day = await store.note("day");
  const aboard = (day?.van?.parts || []).filter((part) => part.on_hand > 0);
  const checked = AFTER_WORK.includes(job.order_state);
  const setOff = once(async () => {
    const place = await here(3000);
    await act(job, "service.start_travel", t("travel"), { visit_id: job.visit_id, ...(place || {}) }, { visit_state: "TRAVELLING" });
  });
  const arrive = once(async () => {
    const place = await here();
    if (!place) return say(t("no_place"), "bad");
    await act(job, "service.arrive", t("arrive"), { visit_id: job.visit_id, ...place }, (now) => ({ visit_state: "ON_SITE", order_state: now.order_state === "SCHEDULED" ? "IN_DIAGNOSIS" : now.order_state }));
  });
  const complete = once(async () => {
    if (open.length) return say(t("steps_open", { steps: listed(open.map((run) => `${run.title} (${run.left})`)) }), "bad");
    if (job.has_customer && !(await store.job(id)).signed) return say(t("sign_missing"), "bad");
    await act(job, "service.complete_visit", t("complete"), { visit_id: job.visit_id }, { visit_state: "DONE" });
  });
  const accept = once(() => act(job, "service.accept_visit", t("accept"), { visit_id: job.visit_id }, { visit_state: "COMMITTED" }));
  const workMark = (done) => (at >= 4 || done ? "done" : working ? "now" : "ahead");
  return h("div", {},
    head(job), refused(items, redraw),
    job.given_back ? h("p", { class: "note note-warn" }, t("given_back")) : h("div", { class: "steps" },
      section(1, t("accept"), mark(0, 1), 0, button(t("accept_do"), accept), refuse(job)),
      section(2, t("travel"), mark(1, 2), 0, button(t("travel_do"), setOff)),
      section(3, t("arrive"), mark(2, 3), 0, button(t("arrive_do"), arrive)),
      section(4, t("diagnosis"), at >= 4 || (onSite && job.order_state !== "IN_DIAGNOSIS") ? "done" : onSite ? "now" : "ahead", 0, diagnosis(job)),
      procedure(job, onSite, act), onSite ? beginnings(job, job.work_order_id, act) : null,
      section(5, t("parts"), at >= 4 ? "done" : onSite ? "now" : "ahead", [job.parts, aboard], parts(job, day, aboard)),
      section(6, t("photo_title"), at >= 4 ? "done" : onSite ? "now" : "ahead", [job.photos, items.length], photos(job, items)),
      section(7, t("signature"), workMark(job.signed), 0, signature(job)),
      section(8, t("complete"), mark(9, 4) === "done" ? "done" : working ? "now" : "ahead", [open, job.signed], button(t("complete_do"), complete)),
      section(9, t("self_check"), checked ? "done" : at >= 4 ? "now" : "ahead", 0, selfCheck(job)),
      checked ? h("p", { class: "note" }, t("second_person")) : null));
}
