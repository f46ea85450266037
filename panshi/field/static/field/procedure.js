// The handbook's steps on this job: each is proved as the book asks, on the phone first.
import { ask, h, icon, say, t, tongue } from "./draw.js";
import { camera, here } from "./photo.js";
import { inspecting, pictureView } from "./marks.js";
import { button, once } from "./sections.js";
import { pad } from "./sign.js";
import { after, stand } from "./walk.js";

// How the record looks once this step is changed; reckoned when the act is kept.
function marked(run, step, change, follow = (each) => each) {
  const same = (other) => other.step_id === step.step_id && other.iteration === step.iteration;
  const within = (each) => follow({ ...each, steps: each.steps.map((other) => (same(other) ? { ...other, ...change(other) } : other)) });
  return (record) => ({ runs: record.runs.map((each) => (each.run_id === run.run_id ? within(each) : each)) });
}

// The value is kept as the server keeps it: of pictures their list, of a mere tick that it is there.
function finish(job, run, step, act, value, more = {}) {
  const kept = (now) => (["photo", "file", "signature"].includes(step.kind) ? Array(now.taken).fill("") : value || true);
  return act(job, "handbook.complete_step", step.title,
    { run_id: run.run_id, step_id: step.step_id, iteration: step.iteration, value, ...more },
    marked(run, step, (now) => ({ done: true, value: kept(now) }), (each) => after(each, step.step_id)));
}

function wide(words, onclick, kind = "") {
  return h("button", { class: `btn ${kind} btn-wide`, type: "button", onclick }, words);
}

function reading(job, run, step, act) {
  const input = h("input", { class: "form-control", type: "number", step: "any", inputmode: "decimal", "aria-label": step.title });
  const range = [step.low === null ? "" : `≥ ${step.low}`, step.high === null ? "" : `≤ ${step.high}`].filter(Boolean).join(" · ");
  const keep = async () => {
    const value = input.valueAsNumber;
    if (!Number.isFinite(value)) { input.focus(); return say(t("number_first"), "bad"); }
    const beyond = (step.low !== null && value < step.low) || (step.high !== null && value > step.high);
    if (beyond && !(await ask(t("beyond", { value: `${value} ${step.unit}`, range }), t("keep_all_the_same")))) return undefined;
    return finish(job, run, step, act, input.value, beyond ? { confirm: true } : {});
  };
  return [h("div", { class: "part-row" }, input, h("span", { class: "unit" }, `${step.unit} ${range}`)), wide(t("keep"), keep, "btn-primary")];
}

function attach(job, run, step, act, content, name, place) {
  return act(job, "handbook.attach_evidence", step.title,
    { run_id: run.run_id, step_id: step.step_id, iteration: step.iteration, kind: step.kind, file_name: name, client_id: crypto.randomUUID(), ...(place || {}) },
    marked(run, step, (now) => ({ taken: (now.taken || 0) + 1 })), { content, name });
}

function signing(job, run, step, act) {
  const box = pad();
  const keep = once(async () => {
    const content = await box.png();
    if (!content) return say(t("sign_first"), "bad");
    await attach(job, run, step, act, content, "signature.png");
    return finish(job, run, step, act, "");
  });
  return [box.element, h("div", { class: "pair" }, h("button", { class: "btn", type: "button", onclick: box.clear }, t("clear")), h("button", { class: "btn btn-primary", type: "button", onclick: keep, "data-keep": step.step_id }, t("keep")))];
}

// The picture of a view is one for the inspection and for this step; before there is an inspection
// it waits for one, and when that is signed the step takes a picture of its own.
function viewed(job, run, step) {
  if (!inspecting(job)) return h("p", { class: "quiet" }, t("view_waits"));
  return [h("p", { class: "quiet" }, t("view_counts")),
    camera(`${run.run_id}/${step.step_id}/${step.iteration}`, t("view_take", { view: step.title }), pictureView(job, step.view, step.title), { wide: true, marks: { "data-step-view": step.view } })];
}

function picture(job, run, step, act) {
  const taken = step.taken || 0;
  const keep = async (content) => attach(job, run, step, act, content, "photo.jpg", await here(1500));
  return [
    camera(`${run.run_id}/${step.step_id}/${step.iteration}`, t("take", { n: taken, of: step.least }), keep, { wide: true, marks: { "data-step": step.step_id } }),
    taken >= step.least ? wide(t("done"), () => finish(job, run, step, act, ""), "btn-primary") : null,
  ];
}

function proof(job, run, step, act) {
  if (step.kind === "choice") return h("div", { class: "choices" }, step.options.map((option) => h("button", { class: "btn", type: "button", onclick: () => finish(job, run, step, act, option.value) }, option.label)));
  if (step.kind === "reading") return reading(job, run, step, act);
  if (step.kind === "signature") return signing(job, run, step, act);
  if (step.view && !job.handed && !job.draft?.signed) return viewed(job, run, step);
  if (["photo", "file"].includes(step.kind)) return picture(job, run, step, act);
  if (step.kind === "text" || step.kind === "scan") {
    const input = h("textarea", { class: "form-control", rows: 2, "aria-label": step.title });
    return [input, wide(t("keep"), () => (input.value.trim().length < Math.max(step.least, 1) ? say(t("write", { n: Math.max(step.least, 1) }), "bad") : finish(job, run, step, act, input.value.trim())), "btn-primary")];
  }
  if (step.kind === "location") return wide(t("here"), async () => {
    const place = await here();
    return place ? finish(job, run, step, act, `${place.lon.toFixed(6)},${place.lat.toFixed(6)}`) : say(t("no_place"), "bad");
  }, "btn-primary");
  if (step.kind === "fact" || step.kind === "person") return h("p", { class: "quiet" }, t(`by_${step.kind}`));
  return wide(t("done"), () => finish(job, run, step, act, step.kind === "check" ? "yes" : ""), "btn-primary");
}

function line(job, run, step, open, act) {
  const shown = open && !step.done && step.mine;
  return h("li", { class: `check ${step.done ? "check-done" : ""}`, "data-step": step.step_id },
    h("p", { class: "check-title" }, h("span", { class: "check-mark" }, step.done ? icon("check") : ""), h("span", {}, step.title, step.required ? "" : h("span", { class: "quiet" }, ` ${t("if_needed")}`))),
    step.why && shown ? h("p", { class: "quiet", lang: tongue(step.why) }, step.why) : null,
    !step.mine && !step.done ? h("p", { class: "quiet" }, t("other_post")) : null,
    shown ? h("div", { class: "check-proof" }, proof(job, run, step, act)) : null);
}

const noted = (record) => ({ "service.VisitSigned": record.signed, "service.PartUsed": record.parts?.length > 0, "leasing.HandoverCompleted": record.handed, views: record.draft?.views || [] });

// What a run owes of this post, and what of it is left.
function owed(run, standing) {
  const mine = run.steps.map((step, at) => [step, standing[at]]).filter(([step, stands]) => step.required && step.mine && stands !== "NOT");
  return { all: mine.length, left: mine.filter(([, stands]) => stands !== "DONE").length };
}

// Each procedure of the record is a section of its own, as each keeps its own proofs; it says which
// of several it is and how far it has come, and folds up when nothing of it is left to do.
export function procedure(job, onSite, act) {
  return (job.runs || []).map((run, at) => {
    const { standing } = stand(run, noted(job));
    const { all, left } = owed(run, standing);
    const open = (onSite || run.beside) && !run.halted;
    const lines = run.steps.map((step, place) => standing[place] !== "NOT" && line(job, run, { ...step, done: standing[place] === "DONE" }, open && standing[place] === "READY", act));
    const list = h("ul", { class: "checks" }, lines);
    const which = job.runs.length > 1 ? `${t("procedure_of", { n: at + 1, of: job.runs.length })} · ` : "";
    return h("section", { class: `step ${left ? (open ? "step-now" : "step-ahead") : "step-done"}`, "data-run": run.slug, "data-key": run.run_id, "data-print": JSON.stringify([open, run, standing, job.runs.length, inspecting(job)]) },
      h("h2", { class: "step-head" }, h("span", { class: "step-number" }, left ? icon("list-check") : icon("check")), h("span", {}, run.title)),
      run.beside && left ? h("p", { class: "quiet" }, t("beside")) : null,
      run.halted ? h("p", { class: "note note-bad", role: "alert" }, t("halted")) : null,
      h("p", { class: "quiet procedure-state" }, which, t("steps_of", { n: all - left, of: all })),
      left ? list : h("details", { class: "procedure-done" }, h("summary", {}, t("steps_show")), list));
  });
}

// A procedure that no fact begins is begun here; it comes from the server with its steps.
export function beginnings(record, subject, act) {
  return (record.offers || []).filter((offer) => !record.begun_by_hand?.includes(offer.slug)).map((offer) => h("p", { class: "offer" }, button(t("procedure_begin", { title: offer.title }), once(() => act(record, "handbook.start_run_by_hand", offer.title,
    { node_slug: offer.slug, org_id: offer.org_id, subject_id: subject, reason: t("procedure_why") },
    (now) => ({ begun_by_hand: [...(now.begun_by_hand || []), offer.slug] }))), "")));
}

// The procedures that still hold open steps of this post, with how many; lists beside the job hold nothing up.
export function openProcedures(job) {
  return (job.runs || [])
    .map((run) => ({ title: run.title, beside: run.beside, left: owed(run, stand(run, noted(job)).standing).left }))
    .filter((run) => run.left && !run.beside);
}
