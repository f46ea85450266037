// A person draws boxes over a picture; they are sent as shares of it, and the server burns them in.
const form = document.querySelector("[data-cover]");
const sheet = form.querySelector("[data-cover-sheet]");
const undo = form.querySelector("[data-cover-undo]");
const count = form.querySelector("[data-cover-count]");
const SMALLEST = 0.01;
const boxes = [];
let from = null;
let drawn = null;

const inside = (share) => Math.min(1, Math.max(0, share));
function at(event) {
  const frame = sheet.getBoundingClientRect();
  return [inside((event.clientX - frame.left) / frame.width), inside((event.clientY - frame.top) / frame.height)];
}

function spread([left, top], [right, bottom]) {
  return [Math.min(left, right), Math.min(top, bottom), Math.abs(right - left), Math.abs(bottom - top)];
}

function place(element, box) {
  const [left, top, width, height] = box.map((share) => `${share * 100}%`);
  Object.assign(element.style, { left, top, width, height });
}

function told() {
  form.elements.boxes.value = boxes.map(({ box }) => box.map((share) => share.toFixed(4)).join(" ")).join(",");
  count.textContent = boxes.length;
  undo.disabled = !boxes.length;
}

sheet.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  sheet.setPointerCapture(event.pointerId);
  from = at(event);
  drawn = sheet.appendChild(Object.assign(document.createElement("span"), { className: "cover-box" }));
});
sheet.addEventListener("pointermove", (event) => from && place(drawn, spread(from, at(event))));
sheet.addEventListener("pointercancel", () => { drawn?.remove(); from = null; });
sheet.addEventListener("pointerup", (event) => {
  if (!from) return;
  const box = spread(from, at(event));
  from = null;
  if (box[2] < SMALLEST || box[3] < SMALLEST) { drawn.remove(); return; }
  boxes.push({ box, element: drawn });
  told();
});
undo.addEventListener("click", () => { boxes.pop()?.element.remove(); told(); });
