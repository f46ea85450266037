// A stock take of a lot: tick the vehicles that stand there, add those nobody expected, end it.
import * as store from "./store.js";
import { ask, h, icon, plate, say, t } from "./draw.js";
import { here } from "./photo.js";
import { act, button, once, refused } from "./sections.js";

const bare = (text) => text.toUpperCase().replace(/[\s·]/g, "");

export async function screen(key, redraw) {
  const count = await store.inYard(key);
  if (!count) return h("p", { class: "blank" }, t("gone"));
  const items = await store.queuedFor(key);
  const begin = once(async () => {
    const stocktake_id = crypto.randomUUID();
    await act(count, "fleet.start_stocktake", t("count_begin"), { lot_id: count.lot_id, stocktake_id }, { stocktake_id, seen: [] });
  });
  const tick = async (name) => {
    const place = await here(1500);
    const now = await store.again(count);
    if (now.seen.includes(name)) return;
    await act(count, "fleet.count_vehicle", `${t("count_seen")}: ${name}`, { stocktake_id: count.stocktake_id, plate: name, ...(place || {}) }, (kept) => ({ seen: [...kept.seen, name] }));
  };
  const other = h("input", { class: "form-control", id: "count-other", maxlength: 17, autocapitalize: "characters", autocomplete: "off" });
  const add = once(async () => {
    const name = bare(other.value);
    if (name.length < 7) { other.focus(); return say(t("plate_first"), "bad"); }
    other.value = "";
    await tick(name);
  });
  const expected = count.expected.map((each) => each.plate);
  const unseen = expected.filter((name) => !count.seen.includes(name));
  const end = once(async () => {
    if (!(await ask(t("count_end_ask", { n: unseen.length }), t("count_end")))) return;
    await act(count, "fleet.close_stocktake", t("count_end"), { stocktake_id: count.stocktake_id }, { over: true });
  });
  const line = (name, words) => {
    const seen = count.seen.includes(name);
    return h("li", {}, h("button", { class: `seen ${seen ? "seen-yes" : ""}`, type: "button", "aria-pressed": String(seen), "data-plate": name, disabled: seen || count.over, onclick: once(() => tick(name)) },
      h("span", { class: "check-mark" }, seen ? icon("check") : ""), plate(name), h("span", { class: "quiet" }, words)));
  };
  return h("div", {},
    h("section", { class: "panel job-head" }, h("p", { class: "job-services" }, count.lot), h("p", { class: "quiet" }, t("count_of", { n: count.seen.length, of: expected.length }))),
    refused(items, redraw),
    count.stocktake_id ? [
      h("ul", { class: "panel sheet-list" }, count.expected.map((each) => line(each.plate, each.model_name)),
        count.seen.filter((name) => !expected.includes(name)).map((name) => line(name, t("count_unexpected")))),
      count.over ? h("p", { class: "note" }, icon("check"), ` ${t(items.length ? "over_waits" : "over_sent")}`) : h("div", { class: "stack" },
        h("label", { class: "field-label" }, t("count_other"), other), button(t("count_add"), add, ""), button(t("count_end"), end)),
    ] : h("div", { class: "stack" }, button(t("count_begin"), begin)));
}
