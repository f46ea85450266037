// Small hands for drawing a screen: elements, icons, sentences, times.
const words = JSON.parse(document.getElementById("words").textContent);
const sprite = document.body.dataset.icons;
const language = document.documentElement.lang;

export function t(name, values = {}) {
  return Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name] ?? name);
}

/** Words parted as the language parts them. */
export const listed = (texts) => texts.join(language.startsWith("zh") ? "、" : ", ");

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The language of a text of the book, where it is not the one of the page. */
export const tongue = (text) => (!language.startsWith("zh") && /[\u3400-\u9fff]/.test(text) ? "zh-Hans" : null);

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

const zone = "Asia/Shanghai";
const hours = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(language, { timeZone: zone, month: "long", day: "numeric", weekday: "long" });
const shortDays = new Intl.DateTimeFormat(language, { timeZone: zone, month: "long", day: "numeric" });
export const clock = (moment) => hours.format(new Date(moment));
const money = new Intl.NumberFormat("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const yuan = (fen) => `¥${money.format(fen / 100)}`;
export const dayOf = (text) => shortDays.format(new Date(`${text}T12:00:00+08:00`));
export const day = (moment) => days.format(new Date(moment));

const bareOf = (text) => text.replace("·", "").replace(" ", "");
// A vehicle without a plate goes by its VIN, which has no dot.
export const plateText = (text) => (bareOf(text).length > 8 ? text : `${bareOf(text).slice(0, 2)}·${bareOf(text).slice(2)}`);

export function plate(text) {
  const length = bareOf(text).length;
  return h("span", { class: length > 8 ? "mono" : `plate ${length === 8 ? "plate-green" : "plate-blue"}` }, plateText(text));
}

let leaving = 0;
export function say(text, kind = "") {
  const box = document.getElementById("say");
  box.textContent = text;
  box.className = `say say-on ${kind ? `say-${kind}` : ""}`;
  clearTimeout(leaving);
  leaving = setTimeout(() => { box.className = "say"; }, 5000);
}

export function ask(text, yes) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-words").textContent = text;
  dialog.querySelector("[data-yes]").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener("close", () => answered(dialog.returnValue === "yes"), { once: true });
  });
}
