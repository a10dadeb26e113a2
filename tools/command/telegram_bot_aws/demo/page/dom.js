// Elements, icons, and how times are written.

const SVG = ["svg", "path"];

// Make an element. Strings become text: nothing from a message is ever parsed as HTML.
export function h(tag, attributes = {}, ...children) {
  const node = SVG.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false || value === "") continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child || child === 0));
  return node;
}
export const $ = (id) => document.getElementById(id);

// Elements with a class, and with nothing but their content.
export const div = (look, ...children) => h("div", { class: look }, ...children);
export const span = (look, ...children) => h("span", { class: look }, ...children);
export const p = (look, ...children) => h("p", { class: look }, ...children);
export const b = (...children) => h("b", {}, ...children);
export const small = (...children) => h("small", {}, ...children);

export const button = (attributes, onclick, ...children) =>
  h("button", { type: "button", ...attributes, onclick }, ...children);
export function hidden(look, ...children) {
  const show = (event) => event.currentTarget.classList.add("shown");
  return button({ class: look, title: "Show" }, show, ...children);
}
// Give an element other children. Those that stay aren't moved, and what had the focus keeps it, by its data-name.
export function fill(node, ...children) {
  const name = document.activeElement?.dataset.name;
  const wanted = children.flat(9).filter(Boolean);
  for (const child of [...node.childNodes]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, i) => {
    if (node.childNodes[i] !== child) node.insertBefore(child, node.childNodes[i] ?? null);
  });
  if (name) document.querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus();
}

const ICONS = {
  send: "M4 12 20 4l-5 16-3.5-6.5zM11.5 13.5 20 4",
  plus: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6 6 18",
  photo: "M4 6h16v12H4zM4 15l4.5-4 4 3.5 3-2.5 4.5 4M15.5 9.5h.01",
  sticker: "M12 3a9 9 0 1 0 9 9c-5 0-9-4-9-9zM12 3l9 9",
  voice: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  location:
    "M12 21s7-6.2 7-11a7 7 0 0 0-14 0c0 4.8 7 11 7 11zM12 12.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8z",
  poll: "M5 20V10M12 20V4M19 20v-7",
  check: "M5 12.5 10 17 19.5 7",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2",
  bad: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5v5.5M12 16.3v.01",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5c2 2.4 5 2.4 7 0M9 9.5v.01M15 9.5v.01",
  reply: "M10 7 4 12l6 5v-3c5 0 8 1.500 10 5 0-6-3-9-10-9z",
  contact: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c1-5 15-5 16 0",
  ask: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 21 21",
  link: "M9 15 19 5M12 5h7v7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  page: "M4 5h16v14H4zM4 9h16",
};
export function icon(name) {
  const about = { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" };
  return h("svg", about, h("path", { d: ICONS[name] }));
}

export function milliseconds(value) {
  if (value === null || value === undefined) return "";
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 10) return `${Math.round(value)} ms`;
  return value >= 0.05 ? `${value.toFixed(1)} ms` : "< 0.1 ms";
}
export const clock = (seconds, timeStyle = "short") =>
  new Date(seconds * 1000).toLocaleTimeString([], { timeStyle, hour12: false });
export const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
