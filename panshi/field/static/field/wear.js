// Fair wear on the phone: the server's rule in whole numbers, tenths of a size and fen of a price.
const tenths = (size) => BigInt(Math.round(Number(size) * 10));
const fen = (price) => BigInt(Math.round(Number(price) * 100));
const atLeast = (least, value) => (value < least ? least : value);
const ZERO = { n: 0n, d: 1n };
const nameOf = (mark) => [mark.view, mark.part, mark.damage].join("\n");

// What became of each kind of damage on each part since the delivery, in the server's order.
export function changes(known, marks) {
  const before = new Map(known.map((mark) => [nameOf(mark), mark]));
  const after = new Map(marks.map((mark) => [nameOf(mark), mark]));
  return [...new Set([...before.keys(), ...after.keys()])].sort().map((name) => {
    const [was, now] = [before.get(name), after.get(name)];
    let status = "SAME";
    if (!was) status = "NEW";
    else if (!now) status = "REPAIRED";
    else if (tenths(now.size) > tenths(was.size) || now.count > was.count) status = "WORSE";
    return { status, before: was, after: now };
  });
}

// The clause that names the part goes before one for any; then the oldest age, then the code.
export function clauseFor(mark, clauses, months) {
  const fitting = clauses.filter((clause) => clause.damage === mark.damage && months >= clause.from_months
    && (!clause.parts.length || clause.parts.includes(mark.part)));
  fitting.sort((a, b) => (a.parts.length ? 0 : 1) - (b.parts.length ? 0 : 1) || b.from_months - a.from_months || (a.code < b.code ? -1 : 1));
  return fitting[0] || null;
}

function charged(mark, clause) {
  return tenths(mark.size) > tenths(clause.free_size) ? BigInt(mark.count) : atLeast(0n, BigInt(mark.count - clause.free_count));
}

function due(mark, clause, months, km) {
  const price = fen(clause.price);
  const beyond = atLeast(0n, tenths(mark.size) - tenths(clause.free_size));
  if (clause.unit === "EACH") return { n: price * charged(mark, clause), d: 1n };
  if (clause.unit === "PERCENT") return { n: price * beyond, d: 10n };
  if (clause.unit === "WORN_SHARE") {
    const span = tenths(clause.full_size) - tenths(clause.free_size);
    if (span <= 0n || km < 1) return ZERO;
    return { n: price * (beyond > span ? span : beyond) * BigInt(mark.count), d: span };
  }
  const life = BigInt(clause.life_months);
  return life ? { n: price * atLeast(0n, life - BigInt(months)) * charged(mark, clause), d: life } : ZERO;
}

// Each change with its clause and its price in fen, rounded half up as the server rounds.
export function priced(known, marks, clauses, { months, km }) {
  return changes(known, marks).map((change) => {
    const chargeable = change.after && (change.status === "NEW" || change.status === "WORSE");
    const clause = chargeable ? clauseFor(change.after, clauses, months) : null;
    if (!clause) return { ...change, clause: null, fen: 0 };
    const now = due(change.after, clause, months, km);
    const was = change.before ? due(change.before, clause, months, km) : ZERO;
    const [n, d] = [now.n * was.d - was.n * now.d, now.d * was.d];
    return { ...change, clause, fen: n > 0n ? Number((2n * n + d) / (2n * d)) : 0 };
  });
}

const localDay = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" });

// Whole months from a day to the day of a moment, 0 when unknown.
export function monthsSince(since, moment = new Date()) {
  if (!since) return 0;
  const [fromYear, fromMonth, fromDay] = since.split("-").map(Number);
  const [year, month, day] = localDay.format(moment).split("-").map(Number);
  return Math.max(0, (year - fromYear) * 12 + month - fromMonth - (day < fromDay ? 1 : 0));
}
