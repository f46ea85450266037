// A photo as it is kept: at most 1600 px, JPEG 0.7, drawn anew so that no EXIF is left in it.
import { h, icon, t } from "./draw.js";

const LONGEST = 1600;
const QUALITY = 0.7;
const LARGEST_MB = 40;

// Why a file is no photo that can be kept: `code` names the sentence.
class Unfit extends Error {
  constructor(code, values = {}) {
    super(code);
    this.words = t(code, values);
  }
}

async function isHeic(file) {
  const head = new TextDecoder("latin1").decode(await file.slice(4, 12).arrayBuffer());
  return /^ftyp(hei|hev|mif1|msf1)/.test(head) || /hei[cf]/i.test(file.type) || /\.hei[cf]$/i.test(file.name);
}

export async function shrink(file) {
  if (!file.size) throw new Unfit("photo_empty");
  if (file.size > LARGEST_MB * 1024 * 1024) throw new Unfit("photo_large", { mb: Math.round(file.size / 1024 / 1024), limit: LARGEST_MB });
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Unfit((await isHeic(file).catch(() => false)) ? "photo_heic" : "photo_bad");
  }
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob?.size) throw new Unfit("photo_bad");
  return blob.arrayBuffer();
}

// What is wrong with the last file chosen for an item stands at that item until another is taken.
const faults = new Map();

// A button that opens the camera for one item, and the words about a file that was no good.
export function camera(item, words, kept, { wide = false, marks = {} } = {}) {
  const fault = h("p", { class: "note note-bad", role: "alert", "data-fault": item, hidden: !faults.has(item) }, faults.get(item) || "");
  const tell = (said) => {
    if (said) faults.set(item, said); else faults.delete(item);
    for (const each of [fault, ...document.querySelectorAll(`[data-fault="${CSS.escape(item)}"]`)]) {
      each.textContent = said;
      each.hidden = !said;
    }
  };
  const input = h("input", { type: "file", accept: "image/*", capture: "environment", class: "sr-only", ...marks, onchange: async () => {
    const [file] = input.files;
    if (!file) return;
    try {
      const content = await shrink(file);
      tell("");
      await kept(content);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      tell(error.words);
    } finally {
      input.value = "";
    }
  } });
  return [h("label", { class: `btn photo ${wide ? "btn-wide" : ""}` }, icon("camera"), words, input), fault];
}

// Where the phone is, or null: a job indoors must not wait for satellites.
export function here(timeout = 8000) {
  return new Promise((known) => {
    if (!navigator.geolocation) return known(null);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => known({ lon: coords.longitude, lat: coords.latitude }),
      () => known(null),
      { enableHighAccuracy: true, timeout, maximumAge: 30000 },
    );
  });
}
