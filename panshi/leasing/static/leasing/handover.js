// The box to sign in: its picture goes with the form, and an empty one holds the form back.
import SignaturePad from "signature_pad";

const form = document.querySelector("[data-handover]");
const canvas = form.querySelector("[data-sign]");
const unsigned = form.querySelector("[data-unsigned]");

form.querySelector("[data-sign-box]").hidden = false;
const sharp = Math.max(devicePixelRatio || 1, 1);
canvas.width = canvas.clientWidth * sharp;
canvas.height = canvas.clientHeight * sharp;
canvas.getContext("2d").scale(sharp, sharp);
const style = getComputedStyle(canvas);
const pad = new SignaturePad(canvas, { penColor: style.color, backgroundColor: style.backgroundColor });

pad.addEventListener("endStroke", () => { unsigned.hidden = true; });
form.querySelector("[data-wipe]").addEventListener("click", () => pad.clear());
// Before the guard of double presses hears of it, which would take this press for the one.
addEventListener("submit", (event) => {
  if (event.target !== form) return;
  if (pad.isEmpty()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    unsigned.hidden = false;
    canvas.scrollIntoView({ block: "center" });
    return;
  }
  form.elements.signature.value = pad.toDataURL("image/png");
}, { capture: true });
