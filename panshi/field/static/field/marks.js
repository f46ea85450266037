// The drawn vehicle: its views to choose from, its parts to tap, the sheet to mark damage on one.
import * as store from "./store.js";
import { h, icon, listed, say, t } from "./draw.js";
import { camera } from "./photo.js";
import { act, button, once } from "./sections.js";

const SVG = "http://www.w3.org/2000/svg";
// Which kinds of damage a part can have; any other part has those of painted metal.
const FITTING = [
  [/^TYRE/, ["TYRE", "OTHER"]],
  [/^(WINDSCREEN|WINDOW|LAMP)/, ["GLASS_CHIP", "GLASS_CRACK", "SCRATCH", "OTHER"]],
  [/^CARGO_(FLOOR|WALL)/, ["CARGO_WEAR", "DENT", "PRIMER", "OTHER"]],
  [/^(CABLE|TRIANGLE|KEY|CARD)$/, ["MISSING_KIT", "OTHER"]],
  [/^(SEATS|DASHBOARD)$/, ["SCRATCH", "OTHER"]],
];
const METAL = ["SCRATCH", "PRIMER", "DENT", "OTHER"];
const shown = new Map();

const fitting = (part) => (FITTING.find(([parts]) => parts.test(part)) || [null, METAL])[1];
export const is = (mark, view, part, damage) => mark.view === view && mark.part === part && (!damage || mark.damage === damage);

export function size(mark, aids) {
  const { unit } = aids.damages.find((each) => each.code === mark.damage);
  return `${unit ? `${Number(mark.size)} ${unit}` : ""}${mark.count > 1 ? ` ×${mark.count}` : ""}`.trim();
}

export function called(mark, aids) {
  const view = aids.views.find((each) => each.code === mark.view);
  return { part: view.parts.find((each) => each.code === mark.part).words, damage: aids.damages.find((each) => each.code === mark.damage).words };
}

// Whatever is changed after somebody signed has to be signed anew.
export const unsigned = { signature_id: null, staff_signature_id: null };

function shape(code) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 60");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#view-${code}`);
  svg.append(use);
  return svg;
}

// A sheet from below: what is wrong with the part, how large, how many, with a photo.
function open(handing, aids, view, part, known) {
  const { draft } = handing;
  const here = draft.marks.filter((mark) => is(mark, view.code, part.code));
  const kinds = fitting(part.code);
  const dialog = h("dialog", { class: "sheet", "aria-label": part.words });
  const kind = h("select", { class: "form-select", id: "mark-damage" }, [...new Set([...here.map((mark) => mark.damage), ...kinds])]
    .map((code) => h("option", { value: code }, aids.damages.find((each) => each.code === code).words)));
  const amount = h("input", { class: "form-control", id: "mark-size", type: "number", inputmode: "decimal", min: 0, step: "0.1" });
  const count = h("input", { class: "form-control", id: "mark-count", type: "number", inputmode: "numeric", min: 1, step: 1 });
  const unit = h("span", { class: "unit" });
  const amountRow = h("label", { class: "field-label" }, t("size"), h("span", { class: "part-row" }, amount, unit));
  const gone = h("button", { class: "btn btn-wide", type: "button" }, t("mark_gone"));
  let content = null;
  const taken = h("p", { class: "quiet", hidden: true }, icon("check"), ` ${t("photo_taken")}`);
  const chosen = () => here.find((mark) => mark.damage === kind.value);
  const show = () => {
    const mark = chosen();
    const { unit: word } = aids.damages.find((each) => each.code === kind.value);
    unit.textContent = word;
    amountRow.hidden = !word;
    amount.value = mark ? Number(mark.size) : "";
    count.value = mark ? mark.count : 1;
    gone.hidden = !mark;
  };
  const close = () => { dialog.close(); dialog.remove(); };
  const keep = once(async () => {
    const measured = amountRow.hidden ? 1 : Math.round(amount.valueAsNumber * 10) / 10;
    if (!(measured > 0 && measured < 100000)) { amount.focus(); return say(t("size_first"), "bad"); }
    if (!(Number.isInteger(count.valueAsNumber) && count.valueAsNumber > 0 && count.valueAsNumber < 1000)) { count.focus(); return say(t("number_first"), "bad"); }
    const mark = { view: view.code, part: part.code, damage: kind.value, size: String(measured), count: count.valueAsNumber, note: "" };
    const name = content ? "damage.jpg" : "";
    await act(handing, "fleet.mark_damage", `${part.words}: ${kind.selectedOptions[0].textContent}`,
      { inspection_id: draft.inspection_id, view: mark.view, part: mark.part, damage: mark.damage, size: mark.size, count: mark.count, photo_name: name },
      (now) => ({ draft: { ...now.draft, ...unsigned, marks: [...now.draft.marks.filter((each) => !is(each, mark.view, mark.part, mark.damage)), mark] } }), { content, name });
    close();
  });
  gone.addEventListener("click", once(async () => {
    const mark = chosen();
    await act(handing, "fleet.mark_damage", t("mark_gone"),
      { inspection_id: draft.inspection_id, view: mark.view, part: mark.part, damage: mark.damage, size: mark.size, count: 0 },
      (now) => ({ draft: { ...now.draft, ...unsigned, marks: now.draft.marks.filter((each) => !is(each, mark.view, mark.part, mark.damage)) } }));
    close();
  }));
  kind.addEventListener("change", show);
  const before = known.filter((mark) => is(mark, view.code, part.code));
  dialog.append(
    h("h2", {}, part.words),
    before.length ? h("p", { class: "quiet" }, `${t("known_before")}: ${listed(before.map((mark) => `${called(mark, aids).damage} ${size(mark, aids)}`))}`) : "",
    h("label", { class: "field-label" }, t("damage"), kind), amountRow,
    h("label", { class: "field-label" }, t("how_many"), count),
    ...camera(`${handing.id}/${view.code}/${part.code}`, t("photo_of_mark"), (bytes) => { content = bytes; taken.hidden = false; }, { wide: true, marks: { "data-mark-photo": true } }), taken,
    button(t("keep"), keep), gone, button(t("cancel"), close, ""));
  document.body.append(dialog);
  dialog.addEventListener("cancel", () => setTimeout(() => dialog.remove()));
  show();
  dialog.showModal();
}

function drawing(handing, aids, view) {
  const marks = handing.draft.marks.filter((mark) => mark.view === view.code);
  return h("div", { class: "drawing" }, shape(view.code), view.parts.map((part) => {
    const here = marks.filter((mark) => mark.part === part.code);
    const old = handing.known.filter((mark) => is(mark, view.code, part.code));
    const fresh = here.some((mark) => !old.some((each) => each.damage === mark.damage && Number(each.size) >= Number(mark.size) && each.count >= mark.count));
    const dot = h("button", { class: `dot ${here.length ? (fresh ? "dot-new" : "dot-known") : ""}`, type: "button", "data-part": part.code,
      "aria-label": here.length ? `${part.words}: ${listed(here.map((mark) => `${called(mark, aids).damage} ${size(mark, aids)}`))}` : part.words,
      onclick: () => open(handing, aids, view, part, handing.known) }, h("span", {}, here.length ? String(here.length) : ""));
    dot.style.left = `${part.x}%`;
    dot.style.top = `${part.y / 0.6}%`;
    return dot;
  }));
}

export const inspecting = (handing) => Boolean(handing.draft) && !handing.draft.signed && !handing.handed;

// The picture of a view, which proves the step of a procedure that wants the same one as well.
export function pictureView(handing, code, words) {
  const name = `${code.toLowerCase()}.jpg`;
  return (content) => act(handing, "fleet.keep_inspection_photo", `${t("photo_title")}: ${words}`,
    { inspection_id: handing.draft.inspection_id, view: code, photo_name: name },
    (now) => ({ draft: { ...now.draft, views: [...new Set([...now.draft.views, code])] } }), { content, name });
}

// One view at a time, as the way round the vehicle goes; those not photographed yet say so.
export function round(handing, aids, redraw) {
  const { draft } = handing;
  const at = shown.get(handing.id) || (aids.views.find((view) => view.required && !draft.views.includes(view.code)) || aids.views[0]).code;
  const view = aids.views.find((each) => each.code === at);
  const kept = pictureView(handing, view.code, view.words);
  const has = draft.views.includes(view.code);
  return {
    shows: [at, draft.views, draft.marks],
    body: [
      h("div", { class: "views", role: "tablist", "aria-label": t("round") }, aids.views.map((each) => {
        const done = draft.views.includes(each.code);
        const n = draft.marks.filter((mark) => mark.view === each.code).length;
        return h("button", { class: `view ${done ? "view-done" : each.required ? "view-needed" : ""}`, type: "button", role: "tab", "data-view": each.code,
          "aria-selected": String(each.code === at), onclick: () => { shown.set(handing.id, each.code); redraw(); } },
        h("span", { class: "view-state" }, done ? icon("check") : each.required ? icon("camera") : "", n ? h("span", { class: "tally" }, String(n)) : ""), h("span", {}, each.words));
      })),
      drawing(handing, aids, view),
      h("p", { class: "quiet" }, t("tap_part")),
      ...camera(`${handing.id}/${view.code}`, has ? t("view_again", { view: view.words }) : t("view_take", { view: view.words }), kept, { wide: true, marks: { "data-view-photo": view.code } }),
    ],
  };
}

export const aids = () => store.note("yard");
