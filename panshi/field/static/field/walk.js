// What the handbook's conditions say on the phone: which steps apply, which are next, what stops.
// The same as the server's rules; of facts, limits and subjects the values came with the day.
const MOST_ROUNDS = 3;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const nothing = (value) => value === null || value === undefined;

function number(value) {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const text = String(value).trim();
  return NUMBER.test(text) ? Number(text) : null;
}

// Codes are compared as they are written, 01 is not 1; amounts are words with a point.
function equal(left, right) {
  if (typeof left === "boolean" || typeof right === "boolean") return left === right;
  if (typeof left === "string" && typeof right === "string" && !(left + right).includes(".")) return left === right;
  const [one, other] = [number(left), number(right)];
  return one !== null && other !== null ? one === other : left === right;
}

function compare(operator, left, right) {
  if (nothing(left) || nothing(right)) return false;
  if (operator === "eq") return equal(left, right);
  if (operator === "ne") return !equal(left, right);
  if (operator === "in") return Array.isArray(right) && right.some((item) => equal(left, item));
  const numbers = [number(left), number(right)];
  const [one, other] = numbers.includes(null) ? [left, right] : numbers;
  if (numbers.includes(null) && (typeof left !== "string" || typeof right !== "string")) return false;
  return { lt: one < other, le: one <= other, gt: one > other, ge: one >= other }[operator];
}

function gather(operator, value) {
  const items = (Array.isArray(value) ? value : [value]).filter((item) => !nothing(item));
  if (operator === "count") return items.length;
  const numbers = items.map(number).filter((item) => item !== null);
  return numbers.length ? Math[operator](...numbers) : null;
}

function left(side, known) {
  if (typeof side === "string") return known[side.replace(/^\$steps\./, "")] ?? null;
  if (typeof side !== "object" || side === null) return side;
  if ("is" in side) return side.is;
  const [[operator, inner]] = Object.entries(side);
  return gather(operator, left(inner, known));
}

function right(side, known) {
  if (Array.isArray(side)) return side.map((item) => right(item, known));
  return typeof side === "object" || (typeof side === "string" && side.startsWith("$")) ? left(side, known) : side;
}

export function holds(condition, known) {
  const [[operator, given]] = Object.entries(condition);
  if (operator === "not") return !holds(given, known);
  if (operator === "and") return given.every((one) => holds(one, known));
  if (operator === "or") return given.some((one) => holds(one, known));
  const [seen, wanted] = [left(given[0], known), right(given[1], known)];
  return Array.isArray(seen) ? seen.some((one) => compare(operator, one, wanted)) : compare(operator, seen, wanted);
}

function turns(steps) {
  const found = [];
  for (const step of steps) {
    if (found.at(-1)?.[0].step_id === step.step_id) found.at(-1).push(step);
    else found.push([step]);
  }
  return found;
}

// How each step of a run stands, in order: NOT (it does not apply), AHEAD, READY or DONE; and the
// answers as the conditions see them. `noted` says which facts are on their way from this phone, and
// of which `views` the inspection has its picture.
export function stand(run, noted = {}) {
  const known = {};
  const standing = [];
  let [seen, group, held, owing] = [{}, null, false, false];
  for (const steps of turns(run.steps)) {
    const [first] = steps;
    if (first.group !== group) [group, seen, held] = [first.group, { ...known }, owing];
    const applies = !first.when || holds(first.when, seen);
    for (const step of steps) {
      const done = step.done || step.auto || Boolean(step.view ? noted.views?.includes(step.view) : step.proved_by && noted[step.proved_by]);
      standing.push(!applies ? "NOT" : done ? "DONE" : held ? "AHEAD" : "READY");
      owing ||= applies && step.required && step.mine && !done;
    }
    const values = steps.filter((step) => step.done && !nothing(step.value)).map((step) => step.value);
    if (applies && values.length) known[first.step_id] = first.repeated ? values : values[0];
  }
  return { standing, known };
}

// The run after one of its steps was done: it goes on, goes back to an earlier step, or stands still.
export function after(run, stepId) {
  const { known } = stand(run);
  const step = run.steps.find((each) => each.step_id === stepId);
  if (!step.stop_if || !holds(step.stop_if, known)) return run;
  const back = run.round < MOST_ROUNDS && (step.backs || []).find((each) => !each.when || holds(each.when, known));
  if (!back) return { ...run, halted: true };
  const ids = run.steps.map((each) => each.step_id);
  const [from, to] = [ids.indexOf(back.goto), ids.lastIndexOf(stepId)];
  const opened = (each, at) => (at < from || at > to ? each : { ...each, done: false, taken: 0, value: null });
  return { ...run, round: run.round + 1, steps: run.steps.map(opened) };
}
