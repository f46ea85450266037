// A vehicle changes hands: arrival, the round, readings, what it costs, both signatures.
import * as store from "./store.js";
import { clock, dayOf, h, icon, listed, plate, say, t, yuan } from "./draw.js";
import { aids as fetchAids, called, round, size, unsigned } from "./marks.js";
import { beginnings, procedure } from "./procedure.js";
import { act, button, once, refused, section } from "./sections.js";
import { pad } from "./sign.js";
import { monthsSince, priced } from "./wear.js";

const TONES = { NEW: "bad", WORSE: "warn", SAME: "idle", REPAIRED: "ok" };

// What is only typed or ticked is kept on the phone; it travels with the last act.
async function jot(handing, change) {
  const record = await store.again(handing);
  await store.keepInYard({ ...record, draft: { ...record.draft, ...unsigned, ...change } });
}

function head(handing) {
  const arrived = handing.arrived_at ? ` · ${t("arrived_at", { time: clock(handing.arrived_at) })}` : "";
  return h("section", { class: "panel job-head" },
    h("div", { class: "job-line" }, plate(handing.plate), h("span", { class: "quiet" }, handing.model_name)),
    h("p", { class: "job-services" }, t(`handing_${handing.kind}`)),
    h("p", {}, handing.customer_name),
    h("p", { class: "quiet" }, `${dayOf(handing.on)}${arrived}`));
}

function begin(handing) {
  const start = once(async () => {
    const inspection_id = crypto.randomUUID();
    const marks = handing.known.map(({ view, part, damage, size: measured, count, note }) => ({ view, part, damage, size: String(measured), count, note }));
    await act(handing, "fleet.start_inspection", t("inspect"),
      { vehicle_id: handing.vehicle_id, kind: handing.kind, inspection_id, marks },
      { draft: { inspection_id, marks, views: [], checks: {} } });
  });
  const words = handing.known.length ? t("known_n", { n: handing.known.length }) : t("known_none");
  return [h("p", { class: "quiet" }, handing.kind === "IN" && !handing.compared ? t("not_compared") : words), button(t("inspect_do"), start)];
}

function checks(handing, aids, redraw) {
  return aids.checks.map((check) => h("label", { class: "tick" },
    h("input", { type: "checkbox", class: "form-check-input", "data-check": check.code, checked: handing.draft.checks[check.code] === "YES",
      onchange: async (event) => {
        const answer = event.target.checked ? "YES" : "NO";
        const now = await store.again(handing);
        await jot(handing, { checks: { ...now.draft.checks, [check.code]: answer } });
        redraw();
      } }), h("span", {}, check.words)));
}

// What is wrong with the readings, in words, or nothing.
function readingFault(handing, aids, { km, pct, passed, lower_because: why }) {
  if (!Number.isFinite(km) || km < 0) return t("km_first");
  if (!Number.isFinite(pct) || pct < 0 || pct > 100) return t("pct_first");
  if (km < Number(handing.last_km) && !aids.may_correct) return t("km_below_no", { km: Number(handing.last_km) });
  if (km < Number(handing.last_km) && !why) return t("km_below_why", { km: Number(handing.last_km) });
  return handing.kind === "IN" && passed === undefined ? t("fit_first") : "";
}

function readings(handing, aids, redraw) {
  const { draft } = handing;
  const number = (id, value, more) => h("input", { class: "form-control", id, type: "number", inputmode: "decimal", step: "0.1", min: 0, value: value ?? null, ...more });
  const km = number("reading-km", draft.km);
  const pct = number("reading-pct", draft.pct, { max: 100 });
  const why = h("input", { class: "form-control", id: "reading-why", maxlength: 160, value: draft.lower_because || null });
  const warned = h("p", { class: "note note-warn", role: "alert" });
  const whyRow = h("label", { class: "field-label" }, t("km_why"), why);
  const look = () => {
    const below = Number.isFinite(km.valueAsNumber) && km.valueAsNumber < Number(handing.last_km);
    warned.hidden = !below;
    warned.textContent = below ? t(aids.may_correct ? "km_below" : "km_below_no", { km: Number(handing.last_km) }) : "";
    whyRow.hidden = !below || !aids.may_correct;
  };
  const keep = once(async () => {
    const given = { km: km.valueAsNumber, pct: pct.valueAsNumber, lower_because: whyRow.hidden ? "" : why.value.trim() };
    const fault = readingFault(handing, aids, { ...given, passed: true });
    if (fault) return say(fault, "bad");
    await jot(handing, given);
    redraw();
  });
  km.addEventListener("input", look);
  look();
  const fit = (value) => h("button", { class: `btn ${draft.passed === value ? "btn-chosen" : ""}`, type: "button", "aria-pressed": String(draft.passed === value), "data-fit": String(value),
    onclick: once(async () => { await jot(handing, { passed: value }); redraw(); }) }, t(value ? "fit_yes" : "fit_no"));
  return [
    h("label", { class: "field-label" }, t("km", { km: Number(handing.last_km) }), km), warned, whyRow,
    h("label", { class: "field-label" }, t("pct"), pct), button(t("keep"), keep, draft.km === undefined ? "btn-primary" : ""),
    handing.kind === "IN" ? h("div", { class: "pair" }, fit(true), fit(false)) : null,
  ];
}

// The changes since delivery, each by its clause; reckoned here as the server reckons them.
export function costs(handing, aids) {
  const standard = aids.standards.find((each) => each.name === handing.standard);
  const km = handing.draft.km - Number(handing.out_km);
  return priced(handing.known, handing.draft.marks, standard ? standard.clauses : [], { months: monthsSince(handing.since), km: Math.max(0, km) });
}

function markLine(mark, aids, ...more) {
  const { part, damage } = called(mark, aids);
  return [h("p", { class: "cost-head" }, h("b", {}, part), more), h("p", { class: "quiet" }, `${damage} ${size(mark, aids)}`)];
}

function difference(handing, aids) {
  if (handing.kind === "OUT" || !handing.compared) {
    return [handing.kind === "IN" ? h("p", { class: "note" }, t("not_compared")) : null,
      handing.draft.marks.length ? h("ul", { class: "costs" }, handing.draft.marks.map((mark) => h("li", {}, markLine(mark, aids)))) : h("p", { class: "quiet" }, t("marks_none"))];
  }
  const lines = costs(handing, aids);
  const total = lines.reduce((sum, line) => sum + line.fen, 0);
  return [
    lines.length ? h("ul", { class: "costs" }, lines.map((line) => h("li", { "data-status": line.status },
      markLine(line.after || line.before, aids, h("span", { class: `state state-${TONES[line.status]}` }, t(`change_${line.status}`))),
      line.clause ? h("p", { class: "cost-clause" }, h("span", { class: "quiet" }, `${line.clause.code} ${line.clause.words}`), h("b", {}, yuan(line.fen)))
        : line.status === "NEW" || line.status === "WORSE" ? h("p", { class: "quiet" }, t("no_clause")) : null)))
      : h("p", { class: "quiet" }, t("nothing_changed")),
    h("p", { class: "cost-total" }, h("span", {}, t("cost_total")), h("b", { id: "cost-total" }, yuan(total))),
    h("p", { class: "quiet" }, handing.standard ? t("cost_by", { standard: handing.standard }) : t("no_standard")),
  ];
}

function signature(handing, who, { title, name, key }) {
  const field = h("input", { class: "form-control", id: `signed-${who}`, maxlength: 60, autocomplete: "off", value: name || null });
  const box = pad();
  const keep = once(async () => {
    if (!field.value.trim()) { field.focus(); return say(t("name_first"), "bad"); }
    const content = await box.png();
    if (!content) return say(t("sign_first"), "bad");
    const file_id = crypto.randomUUID();
    await act(handing, "leasing.keep_handover_proof", title, { lease_id: handing.lease_id, name: `${who}.png`, file_id },
      (now) => ({ draft: { ...now.draft, [key]: file_id, [`${who}_name`]: field.value.trim() } }), { content, name: `${who}.png` });
  });
  return [h("label", { class: "field-label" }, t("signed_by"), field), box.element,
    h("div", { class: "pair" }, h("button", { class: "btn", type: "button", onclick: box.clear }, t("clear")), h("button", { class: "btn btn-primary", type: "button", onclick: keep, "data-keep": who }, t("keep")))];
}

function lacking(handing, aids) {
  const { draft } = handing;
  const unseen = aids.views.filter((view) => view.required && !draft.views.includes(view.code));
  if (unseen.length) return t("views_missing", { views: listed(unseen.map((view) => view.words)) });
  return readingFault(handing, aids, { ...draft, km: draft.km ?? NaN, pct: draft.pct ?? NaN });
}

async function finish(handing, aids) {
  const now = await store.again(handing);
  const { draft } = now;
  const fault = lacking(now, aids);
  if (fault) return say(fault, "bad");
  if (!draft.signature_id || !draft.staff_signature_id) return say(t("both_sign"), "bad");
  const readings_ = { odometer_km: String(draft.km), soc_pct: String(draft.pct) };
  await act(handing, "fleet.complete_inspection", t("inspect_sign"),
    { inspection_id: draft.inspection_id, ...readings_, passed: handing.kind === "OUT" || draft.passed, customer_signed: draft.customer_name, lower_because: draft.lower_because || "" },
    (kept) => ({ draft: { ...kept.draft, signed: true } }));
  const checklist = Object.fromEntries(aids.checks.map(({ code }) => [code, draft.checks[code] || "NO"]));
  return act(handing, handing.kind === "OUT" ? "leasing.complete_handover" : "leasing.accept_return", t(`finish_${handing.kind}`),
    { lease_id: handing.lease_id, ...readings_, signed_by: draft.customer_name, checklist, signature_id: draft.signature_id, staff_signature_id: draft.staff_signature_id, inspection_id: draft.inspection_id },
    (kept) => ({ handed: true, draft: { ...kept.draft, signed: true } }));
}

function leave(handing) {
  if (handing.deposit_missing) return [h("p", { class: "note note-warn" }, t("deposit_missing"))];
  return [h("p", { class: "quiet" }, t("leave_why")), button(t("leave_do"), once(() => act(handing, "leasing.activate_lease", t("leave"), { lease_id: handing.lease_id }, { left: true })))];
}

export async function screen(key, redraw) {
  const [handing, aids] = await Promise.all([store.inYard(key), fetchAids()]);
  if (!handing) return h("p", { class: "blank" }, t("gone"));
  const items = await store.queuedFor(key);
  const back = handing.kind === "IN";
  const { draft } = handing;
  const there = !back || handing.arrived_at;
  const open = Boolean(draft) && !draft.signed && !handing.handed;
  const over = handing.handed || draft?.signed;
  const mark = over ? "done" : open ? "now" : "ahead";
  let number = 0;
  const next = (title, state, shows, ...body) => section(++number, title, state, shows, ...body);
  const walk = open ? round(handing, aids, redraw) : { shows: 0, body: [] };
  const ready = open && draft.km !== undefined;
  const signing = (id) => (over || id ? "done" : ready ? "now" : "ahead");
  const arrive = once(() => act(handing, "leasing.record_arrival", t("arrived"), { lease_id: handing.lease_id }, { arrived_at: new Date().toISOString() }));
  return h("div", {},
    head(handing), refused(items, redraw),
    h("div", { class: "steps" },
      back ? next(t("arrived"), there ? "done" : "now", 0, h("p", { class: "quiet" }, t("arrived_why")), button(t("arrived_do"), arrive)) : null,
      there ? [procedure(handing, true, act), over ? null : beginnings(handing, handing.lease_id, act)] : null,
      next(t("inspect"), over || draft ? "done" : there ? "now" : "ahead", handing.known, begin(handing)),
      next(t("round"), mark, walk.shows, walk.body),
      next(t("checks"), mark, 0, open ? checks(handing, aids, redraw) : null),
      next(t("readings"), mark, open ? [draft.km, draft.pct, draft.passed] : 0, open ? readings(handing, aids, redraw) : null),
      next(t(back ? "difference" : "marks"), mark, open ? [draft.marks, draft.km] : 0, open ? difference(handing, aids) : null),
      next(t("customer_signs"), signing(draft?.signature_id), 0, open ? signature(handing, "customer", { title: t("customer_signs"), key: "signature_id", name: draft.customer_name }) : null),
      next(t("we_sign"), signing(draft?.staff_signature_id), 0, open ? signature(handing, "staff", { title: t("we_sign"), key: "staff_signature_id", name: document.body.dataset.name }) : null),
      next(t(`finish_${handing.kind}`), over ? "done" : ready ? "now" : "ahead", 0, button(t(`finish_${handing.kind}_do`), once(() => finish(handing, aids)))),
      back ? null : next(t("leave"), handing.left ? "done" : handing.handed ? "now" : "ahead", 0, leave(handing))),
    over && (back || handing.left) ? h("p", { class: "note" }, icon("check"), ` ${t(items.length ? "over_waits" : "over_sent")}`) : null);
}
