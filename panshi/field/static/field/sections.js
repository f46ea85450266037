// What the screens of a record share: its acts, its numbered sections, its refused acts.
import * as queue from "./queue.js";
import * as store from "./store.js";
import { ask, h, icon, t } from "./draw.js";

// What an act makes of a record is reckoned from the record as it is kept, not as it was drawn.
export async function act(drawn, verb, label, given, change, more = {}) {
  const record = await store.again(drawn);
  const changed = { ...record, ...(typeof change === "function" ? change(record) : change) };
  await queue.add({ job: store.nameOf(record), verb, label, given, ...more }, changed);
}

// `shows` is what the body depends on: a section that shows the same is left alone when redrawn.
export function section(number, title, mark, shows, ...body) {
  const done = mark === "done";
  return h("section", { class: `step step-${mark}`, "aria-current": mark === "now" && "step", "data-key": number, "data-print": mark + JSON.stringify(shows) },
    h("h2", { class: "step-head" },
      h("span", { class: "step-number" }, done ? icon("check") : String(number)), h("span", {}, title)),
    mark === "ahead" || !body.length ? null : h("div", { class: "step-body" }, ...body));
}

export const button = (words, onclick, kind = "btn-primary") => h("button", { class: `btn ${kind} btn-wide`, type: "button", onclick }, words);

export function once(run) {
  let busy = false;
  return async (event) => {
    if (busy) return;
    busy = true;
    try { await run(event); } finally { busy = false; }
  };
}

export function refused(items, redraw) {
  return items.filter((item) => item.state === "REFUSED").map((item) => h("section", { class: "panel refused", role: "alert" },
    h("p", {}, h("b", {}, t("refused", { act: item.label }))),
    h("p", {}, item.words),
    h("div", { class: "pair" },
      h("button", { class: "btn", type: "button", onclick: once(async () => { await queue.retry(item); redraw(); }) }, t("again")),
      h("button", { class: "btn", type: "button", onclick: once(async () => {
        if (await ask(t("discard_ask", { act: item.label }), t("discard"))) { await queue.discard(item); redraw(); }
      }) }, t("discard")))));
}
