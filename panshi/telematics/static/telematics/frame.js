// A field of a frame lights its bytes, and a byte its field, under the pointer or the focus.
function light(frame, start, size) {
  for (const octet of frame.querySelectorAll("[data-octet]")) {
    const at = Number(octet.dataset.octet);
    octet.classList.toggle("lit", at >= start && at < start + size);
  }
  for (const row of frame.querySelectorAll("[data-start]")) {
    row.classList.toggle("at", Number(row.dataset.start) === start && Number(row.dataset.size) === size);
  }
}

function point(event) {
  const frame = event.target.closest?.("[data-frame]");
  if (!frame) return;
  const row = event.target.closest("[data-start]");
  if (row) {
    light(frame, Number(row.dataset.start), Number(row.dataset.size));
    return;
  }
  const octet = event.target.closest("[data-octet]");
  if (!octet) return;
  const at = Number(octet.dataset.octet);
  const field = [...frame.querySelectorAll("[data-start]")].find(
    ({ dataset }) => at >= Number(dataset.start) && at < Number(dataset.start) + Number(dataset.size),
  );
  if (!field) return;
  light(frame, Number(field.dataset.start), Number(field.dataset.size));
  field.scrollIntoView({ block: "nearest" });
}

document.addEventListener("mouseover", point);
document.addEventListener("focusin", point);
