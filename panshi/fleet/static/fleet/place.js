// Where the phone is goes with each scanned vehicle; without leave to know it the count goes on.
for (const part of document.querySelectorAll("[data-place]")) {
  const words = part.querySelector("[data-place-words]");
  const tell = (key) => { if (words) words.textContent = words.dataset[key] ?? ""; };
  if (!navigator.geolocation) { tell("none"); continue; }
  navigator.geolocation.watchPosition(
    ({ coords }) => {
      part.querySelector("[name=lon]").value = coords.longitude.toFixed(6);
      part.querySelector("[name=lat]").value = coords.latitude.toFixed(6);
      tell("found");
    },
    () => tell("none"),
    { enableHighAccuracy: true, maximumAge: 30_000 },
  );
}
