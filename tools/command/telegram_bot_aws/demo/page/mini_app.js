// A bot's page (Mini App) in a frame over the chat, and its events
// (https://docs.telegram-mini-apps.com/platform/methods).

import { $, button, div, h, icon, p } from "./dom.js";
import { act, app, bot, toast } from "./state.js";

const VERSION = "9.1"; // of the events; pages ask for it
let open = null; // the page that is shown: its launch and elements

// The keys of Telegram's themes, with the chat's own colours.
const THEME = {
  accent_text_color: "accent",
  bg_color: "surface",
  button_color: "accent",
  button_text_color: "on-accent",
  destructive_text_color: "bad",
  header_bg_color: "surface",
  hint_color: "soft",
  link_color: "accent",
  secondary_bg_color: "page",
  section_bg_color: "surface",
  section_header_text_color: "accent",
  subtitle_text_color: "soft",
  text_color: "text",
};
function theme() {
  const probe = document.body.appendChild(h("i"));
  const hex = (number) => Number(number).toString(16).padStart(2, "0");
  const colour = ([key, name]) => {
    probe.style.color = `var(--${name})`;
    return [key, `#${getComputedStyle(probe).color.match(/\d+/g).map(hex).join("")}`];
  };
  const colours = Object.fromEntries(Object.entries(THEME).map(colour));
  probe.remove();
  return colours;
}

// A page's address with its launch parameters in the fragment. Libraries remember initData, so an empty one is told, too.
function address({ url, init_data: data }) {
  const parameters = {
    tgWebAppData: data,
    tgWebAppVersion: VERSION,
    tgWebAppPlatform: "web",
    tgWebAppThemeParams: JSON.stringify(theme()),
  };
  return `${url.split("#")[0]}#${new URLSearchParams(parameters)}`.replaceAll("+", "%20");
}

export async function openPage(how, { text: label, web_app: { url } }) {
  const about = { chat: app.chat, how, label, url, bot: app.bot };
  const launch = await act("open", about);
  if (launch) show({ ...about, ...launch, opener: document.activeElement });
}

function show(launch) {
  closePage();
  const title = `${bot().name}: page`;
  const word = "Close the page";
  const close = { class: "tool", title: word, "aria-label": word };
  const who = div("who", h("h2", {}, bot().name), p("soft", "page"));
  const head = div("bar", button(close, closePage, icon("close")), who);
  const sandbox =
    "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-forms allow-modals";
  const frame = h("iframe", { title, sandbox, src: address(launch) });
  const main = button({ class: "action main main-button", hidden: true }, () =>
    tell("main_button_pressed"),
  );
  const log = h("p", { class: "soft warn", hidden: true, role: "status" });
  const about = { id: "page", role: "dialog", "aria-label": title, class: "page" };
  const box = h("section", about, head, frame, log, main);
  open = { ...launch, box, frame, main, log, events: new Set() };
  for (const node of [...$("chat").children]) if (node.id !== "toast") node.inert = true;
  $("chat").append(box);
  frame.focus();
}
export function closePage() {
  if (!open) return;
  const { box, opener } = open;
  open = null;
  box.remove();
  for (const node of $("chat").children) node.inert = false;
  (opener?.isConnected ? opener : $("text")).focus({ preventScroll: true });
}
export function reloadPage() {
  if (!open) return;
  open.main.hidden = true;
  open.frame.src = address({ ...open, url: `${open.url.split(/[?#]/)[0]}?${Date.now()}` });
}
export const isPageOpen = () => Boolean(open);

// Events, in both directions.
function tell(eventType, eventData) {
  const origin = new URL(open.url).origin;
  open?.frame.contentWindow.postMessage(JSON.stringify({ eventType, eventData }), origin);
}
const tellTheme = () => tell("theme_changed", { theme_params: theme() });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => open && tellTheme());
addEventListener("message", (event) => {
  // As in Telegram, only the page itself has these methods, not another site in its place.
  if (event.source !== open?.frame.contentWindow) return;
  if (event.origin !== new URL(open.url).origin) return;
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  const { eventType: kind, eventData: data } = message ?? {};
  if (typeof kind !== "string") return;
  if (Object.hasOwn(PLAYED, kind)) PLAYED[kind](data ?? {});
  else note(kind);
});
const PLAYED = {
  iframe_ready: () => {},
  web_app_ready: () => {},
  web_app_close: closePage,
  web_app_request_theme: tellTheme,
  web_app_setup_main_button: ({ is_visible, is_active, text }) => {
    if (is_visible !== undefined) open.main.hidden = !is_visible;
    if (is_active !== undefined) open.main.disabled = !is_active;
    if (text !== undefined) open.main.textContent = text;
  },
  web_app_open_popup: async (data) => {
    const id = await popup(data);
    if (open) tell("popup_closed", id === null ? {} : { button_id: id });
  },
  web_app_data_send: async ({ data }) => {
    const { chat, how, label, bot } = open;
    if (how !== "keyboard") toast("sendData works only in a page that a keyboard's button opened.");
    else if (await act("send-data", { chat, label, bot, data: String(data ?? "") })) closePage();
    else toast($("problem").textContent);
  },
};
// What isn't played here is listed for the page's author.
function note(kind) {
  open.events.add(kind.replace("web_app_", ""));
  open.log.hidden = false;
  open.log.textContent = `Not played here: ${[...open.events].join(", ")}`;
}

// A dialog over the page, or over the chat. Returns the id of the button that was pressed, or null.
const WORDS = { ok: "OK", close: "Close", cancel: "Cancel" };
export function popup({ title, message, buttons = [] }) {
  return new Promise((resolve) => {
    let pressed = null;
    const one = ({ id = "", type, text }) => {
      const press = () => {
        pressed = id;
        box.close();
      };
      const look = type === "destructive" ? "action danger" : "action";
      return button({ class: look }, press, WORDS[type] ?? text);
    };
    const shown = buttons.length ? buttons : [{ type: "close" }];
    const words = [title ? h("h3", {}, title) : null, h("p", { dir: "auto" }, message)];
    const about = { class: "page-popup", "aria-label": title || bot().name };
    const box = h("dialog", about, words, div("", shown.map(one)));
    box.addEventListener("close", () => {
      box.remove();
      resolve(pressed);
    });
    document.body.append(box);
    box.showModal();
  });
}
