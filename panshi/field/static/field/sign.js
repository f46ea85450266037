// A box to sign in; the picture is as large as the screen is sharp.
import SignaturePad from "signature_pad";
import { h } from "./draw.js";

export function pad() {
  const canvas = h("canvas", { class: "sign", "data-sign": true });
  let drawn = null;
  // Sized once it has a width, as a canvas loses its picture whenever its size is set.
  new ResizeObserver((_seen, watching) => {
    if (!canvas.clientWidth) return;
    watching.disconnect();
    const sharp = Math.max(devicePixelRatio || 1, 1);
    canvas.width = canvas.clientWidth * sharp;
    canvas.height = canvas.clientHeight * sharp;
    canvas.getContext("2d").scale(sharp, sharp);
    const style = getComputedStyle(canvas);
    drawn = new SignaturePad(canvas, { penColor: style.color, backgroundColor: style.backgroundColor });
  }).observe(canvas);
  return {
    element: canvas,
    clear: () => drawn?.clear(),
    png: async () => {
      if (!drawn || drawn.isEmpty()) return null;
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      return blob.arrayBuffer();
    },
  };
}
