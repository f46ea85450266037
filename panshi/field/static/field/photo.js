// A photo as it is kept: at most 1600 px, JPEG 0.7, drawn anew so that no EXIF is left in it.
const LONGEST = 1600;
const QUALITY = 0.7;

export async function shrink(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob?.size) throw new Error("empty photo");
  return blob.arrayBuffer();
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
