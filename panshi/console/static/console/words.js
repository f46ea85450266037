// Sentences that scripts show; the server put them, translated, on the body.
export function word(name, values = {}) {
  const all = JSON.parse(document.body.dataset.words || "{}");
  return Object.entries(values).reduce(
    (text, [key, value]) => text.replace(`{${key}}`, value),
    all[name] || "",
  );
}

export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
