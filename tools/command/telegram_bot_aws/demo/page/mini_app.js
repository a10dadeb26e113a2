// A bot's page (Mini App), shown over the chat as in Telegram's web client: its launch parameters, and the events
// that the page and the client exchange (https://docs.telegram-mini-apps.com/platform/methods).

import { $, button, h, icon } from "./dom.js";
import { openTelegram } from "./links.js";
import { app, ask, bot } from "./state.js";

const VERSION = "9.1"; // of the events; pages ask for it
let open = null; // the page that is shown: its launch, elements and state

// The keys of Telegram's themes, with the chat's own colours.
const THEME = {
  accent_text_color: "accent",
  bg_color: "surface",
  bottom_bar_bg_color: "surface",
  button_color: "accent",
  button_text_color: "on-accent",
  destructive_text_color: "bad",
  header_bg_color: "surface",
  hint_color: "soft",
  link_color: "accent",
  secondary_bg_color: "page",
  section_bg_color: "surface",
  section_header_text_color: "accent",
  section_separator_color: "line",
  subtitle_text_color: "soft",
  text_color: "text",
};
function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) =>
    style
      .getPropertyValue(`--${name}`)
      .trim()
      .replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
  return Object.fromEntries(Object.entries(THEME).map(([key, name]) => [key, colour(name)]));
}

// Return a page's address with its launch parameters in the fragment, after the fragment that the address has.
function address({ url, init_data: data }) {
  const parameters = {
    ...(data ? { tgWebAppData: data } : {}),
    tgWebAppVersion: VERSION,
    tgWebAppPlatform: "web",
    tgWebAppThemeParams: JSON.stringify(theme()),
    ...(bot().inline ? { tgWebAppBotInline: "1" } : {}),
  };
  const added = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  const [, own] = url.split(/#(.*)/s);
  return url + (own === undefined ? "#" : !own ? "" : /[=?]/.test(own) ? "&" : "?") + added;
}

export async function openPage(how, { text: label, web_app: { url } }, key = 0) {
  app.pinned = false;
  const launch = await ask(
    "open",
    { chat: app.chat, how, label, url, key, person: app.person, bot: app.bot },
    how === "inline" ? undefined : "",
  );
  if (launch) show({ ...launch, how, opener: document.activeElement });
}

function show(launch) {
  hide();
  const name = bot().name;
  const outside = h(
    "a",
    {
      class: "tool",
      href: launch.url,
      target: "_blank",
      rel: "noopener noreferrer",
      title: "Open this address outside of Telegram, as a stranger would",
      "aria-label": "Open outside of Telegram",
    },
    icon("link"),
  );
  const tool = (id, look, word, act) =>
    button({ class: "tool", id, title: word, "aria-label": word }, act, icon(look));
  const head = h(
    "div",
    { class: "bar" },
    tool("page-close", "close", "Close the page", leave),
    tool("page-back", "back", "Back", () => tell("back_button_pressed")),
    h(
      "div",
      { class: "who" },
      h("h2", {}, name),
      h("p", {}, launch.how === "keyboard" ? "page without a user" : "page"),
    ),
    tool("page-settings", "gear", "Settings", () => tell("settings_button_pressed")),
    tool("page-requests", "hops", "Its requests", () => app.select(launch.id, true)),
    tool("page-reload", "reload", "Reload the page", reloadPage),
    outside,
  );
  const frame = h("iframe", {
    title: `${name}: page`,
    sandbox:
      "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-forms allow-modals",
    src: new URL("/launch.html", launch.url).href + "#" + encodeURIComponent(address(launch)),
  });
  const buttons = h("div", { class: "page-buttons" }),
    unplayed = h("details", { class: "unplayed", hidden: true });
  const box = h(
    "section",
    { id: "page", role: "dialog", "aria-label": `${name}: page`, class: "page" },
    head,
    frame,
    unplayed,
    buttons,
  );
  open = {
    ...launch,
    box,
    frame,
    buttons,
    unplayed,
    main: {},
    secondary: {},
    asks: false,
    popup: null,
    expanded: false,
    listens: false,
    events: new Map(),
  };
  head.querySelector("#page-back").hidden = head.querySelector("#page-settings").hidden = true;
  for (const node of [...$("chat").children]) if (node.id !== "toast") node.inert = true;
  $("chat").append(box);
  resized.observe(frame);
  frame.addEventListener("load", () => box.classList.add("ready"));
  frame.focus();
}
function hide() {
  if (!open) return;
  const { box, opener, popup } = open;
  open = null;
  popup?.remove();
  box.remove();
  for (const node of $("chat").children) node.inert = false;
  (opener?.isConnected ? opener : $("text")).focus({ preventScroll: true });
}
function close() {
  if (!open) return;
  ask("close", { id: open.id });
  hide();
}
// A person closes the page, after a question if the page wants one.
async function leave() {
  if (
    open?.asks &&
    (await popup({
      message: "Changes that you made may not be saved.",
      buttons: [{ id: "close", type: "destructive", text: "Close anyway" }, { type: "cancel" }],
    })) !== "close"
  )
    return;
  close();
}
export function reloadPage() {
  if (!open) return;
  part("back").hidden = part("settings").hidden = true;
  open.main = {};
  open.secondary = {};
  open.asks = false;
  open.buttons.replaceChildren();
  open.frame.src = open.frame.src.replace(/\?\d+#|#/, `?${Date.now()}#`);
}
export const closePage = close;
export const isPageOpen = () => Boolean(open);
// The server says that a page is closed: its data was sent, or its query answered.
export function pageChanged(launch) {
  if (open?.id === launch.id && !launch.open) hide();
}

addEventListener("pagehide", () => {
  if (open)
    navigator.sendBeacon(
      "close",
      new Blob([JSON.stringify({ id: open.id })], { type: "application/json" }),
    );
});

// Events, in both directions.
function tell(eventType, eventData) {
  if (open?.listens)
    open.frame.contentWindow.postMessage(
      JSON.stringify({ eventType, eventData }),
      new URL(open.url).origin,
    );
}
function tellViewport() {
  if (open)
    tell("viewport_changed", {
      width: open.frame.clientWidth,
      height: open.frame.clientHeight,
      is_expanded: open.expanded,
      is_state_stable: true,
    });
}
const resized = new ResizeObserver(tellViewport);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  tell("theme_changed", { theme_params: theme() }),
);
addEventListener("message", (event) => {
  if (
    !open ||
    event.source !== open.frame.contentWindow ||
    event.origin !== new URL(open.url).origin
  )
    return;
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  const { eventType: kind, eventData: data } = message ?? {};
  if (typeof kind !== "string") return;
  open.listens = true;
  if (Object.hasOwn(PLAYED, kind)) PLAYED[kind](data && typeof data === "object" ? data : {});
  else refuse(kind, data ?? {});
});
const COLOUR = /^#[0-9a-f]{6}$/i;
function paint(node, wish) {
  const colour = COLOUR.test(wish) ? wish : theme()[wish];
  if (!node || !colour) return;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  node.style.background = colour;
  node.style.color = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#17202b" : "#fff";
}
const part = (id) => open.box.querySelector(`#page-${id}`);
const insets = (kind) => () => tell(kind, { top: 0, bottom: 0, left: 0, right: 0 });
const PLAYED = {
  escape: leave,
  refused: (data) =>
    unplayed("methods of another site", `refused: ${data.origin} isn't the page's origin`),
  iframe_ready: () => {},
  iframe_will_reload: () => {},
  stub: () =>
    unplayed(
      "telegram-web-app.js",
      "telegram.org can't be reached, and a stub of its script stands in",
    ),
  stub_lacks: (data) => unplayed(String(data.name), "the stub has no such method"),
  web_app_ready: () => open.box.classList.add("ready"),
  web_app_close: close,
  web_app_expand: () => {
    open.expanded = true;
    open.box.classList.add("expanded");
    tellViewport();
  },
  web_app_request_theme: () => tell("theme_changed", { theme_params: theme() }),
  web_app_request_viewport: tellViewport,
  web_app_request_safe_area: insets("safe_area_changed"),
  web_app_request_content_safe_area: insets("content_safe_area_changed"),
  web_app_set_header_color: (data) =>
    paint(open.box.querySelector(".bar"), data.color ?? data.color_key),
  web_app_set_background_color: (data) => paint(open.frame, data.color),
  web_app_set_bottom_bar_color: (data) => paint(open.buttons, data.color),
  web_app_setup_closing_behavior: (data) => {
    open.asks = Boolean(data.need_confirmation);
  },
  web_app_setup_back_button: (data) => {
    part("back").hidden = !data.is_visible;
  },
  web_app_setup_settings_button: (data) => {
    part("settings").hidden = !data.is_visible;
  },
  web_app_setup_main_button: (data) => setUp("main", data),
  web_app_setup_secondary_button: (data) => setUp("secondary", data),
  web_app_open_popup: async (data) =>
    tell("popup_closed", await popup(data).then((id) => (id === null ? {} : { button_id: id }))),
  web_app_data_send: async (data) => {
    const { id } = open;
    if ((await ask("send-data", { id, data: String(data.data ?? "") })) && open?.id === id) hide();
    else app.toast(app.problem.text);
  },
  web_app_open_link: (data) => {
    if (!/^https?:\/\//i.test(data.url)) return;
    app.toast(`Opens ${data.url}`);
    window.open(data.url, "_blank", "noopener,noreferrer");
  },
  web_app_open_tg_link: (data) => {
    const address = `https://t.me/${String(data.path_full ?? "").replace(/^\//, "")}`;
    if (!openTelegram(address)) app.toast(`Telegram opens ${address}. The demo has no such chat.`);
  },
};

// The buttons below the page. What `data` lacks stays as it was.
function setUp(kind, data) {
  Object.assign(open[kind], data);
  const { main, secondary, buttons } = open;
  const focused = document.activeElement?.dataset?.name;
  const one = (name, b, event) =>
    b.is_visible
      ? button(
          {
            "data-name": name,
            class: `${name}${b.is_progress_visible ? " busy" : ""}`,
            "aria-busy": b.is_progress_visible ? "true" : null,
            disabled: b.is_active === false,
            style: `${COLOUR.test(b.color) ? `background:${b.color};` : ""}${COLOUR.test(b.text_color) ? `color:${b.text_color}` : ""}`,
          },
          () => tell(event),
          b.text ?? "Continue",
        )
      : null;
  buttons.className = `page-buttons ${secondary.position ?? "left"}`;
  buttons.replaceChildren(
    ...[
      one("secondary", secondary, "secondary_button_pressed"),
      one("main", main, "main_button_pressed"),
    ].filter(Boolean),
  );
  if (focused) buttons.querySelector(`[data-name=${focused}]`)?.focus();
}

// A popup over the page. Returns the id of the button that was pressed, or null.
const WORDS = { ok: "OK", close: "Close", cancel: "Cancel" };
function popup({ title, message, buttons = [] }) {
  if (open.popup) return Promise.resolve(null);
  return new Promise((resolve) => {
    const box = h(
      "dialog",
      { class: "page-popup", "aria-label": title || "Popup" },
      title ? h("h3", {}, title) : null,
      h("p", {}, message ?? ""),
      h(
        "div",
        {},
        (buttons.length ? buttons : [{ type: "close" }]).map((b) =>
          button(
            { class: b.type === "destructive" ? "danger" : "" },
            () => {
              box.returnValue = `=${b.id ?? ""}`;
              box.close(`=${b.id ?? ""}`);
            },
            WORDS[b.type] ?? b.text,
          ),
        ),
      ),
    );
    box.addEventListener("close", () => {
      box.remove();
      if (open) open.popup = null;
      open?.frame.focus();
      resolve(box.returnValue.startsWith("=") ? box.returnValue.slice(1) : null);
    });
    open.popup = box;
    open.box.append(box);
    box.showModal();
    const { left, width } = open.box.getBoundingClientRect();
    box.style.marginLeft = `${Math.max(8, left + (width - box.offsetWidth) / 2)}px`;
  });
}

// Unsupported events get an answer if there is one for that, and are listed for the page's author.
const NO = "UNSUPPORTED";
const failed =
  (kind, more = {}) =>
  () => [kind, { error: NO, ...more }];
const cancelled = (kind) => () => [kind, { status: "cancelled" }];
const of = (kind, more) => (data) => [kind, { req_id: data.req_id, ...more }];
const REFUSED = {
  web_app_add_to_home_screen: () => ["home_screen_failed", { error: NO }],
  web_app_check_home_screen: () => ["home_screen_checked", { status: "unsupported" }],
  web_app_biometry_get_info: () => ["biometry_info_received", { available: false }],
  web_app_biometry_request_access: () => ["biometry_info_received", { available: false }],
  web_app_biometry_request_auth: () => ["biometry_auth_requested", { status: "failed" }],
  web_app_biometry_update_token: () => ["biometry_token_updated", { status: "failed" }],
  web_app_check_location: () => ["location_checked", { available: false }],
  web_app_request_location: () => ["location_requested", { available: false }],
  web_app_invoke_custom_method: of("custom_method_invoked", { error: NO }),
  web_app_open_invoice: (data) => ["invoice_closed", { slug: data.slug, status: "failed" }],
  web_app_open_scan_qr_popup: () => ["scan_qr_popup_closed"],
  web_app_read_text_from_clipboard: of("clipboard_text_received", { data: null }),
  web_app_request_emoji_status_access: cancelled("emoji_status_access_requested"),
  web_app_set_emoji_status: failed("emoji_status_failed"),
  web_app_request_file_download: cancelled("file_download_requested"),
  web_app_request_phone: cancelled("phone_requested"),
  web_app_request_write_access: cancelled("write_access_requested"),
  web_app_request_fullscreen: failed("fullscreen_failed"),
  web_app_exit_fullscreen: failed("fullscreen_failed"),
  web_app_send_prepared_message: failed("prepared_message_failed"),
  web_app_start_accelerometer: failed("accelerometer_failed"),
  web_app_start_device_orientation: failed("device_orientation_failed"),
  web_app_start_gyroscope: failed("gyroscope_failed"),
};
for (const place of ["device", "secure"])
  for (const what of ["clear", "get_key", "save_key", "restore_key"])
    REFUSED[`web_app_${place}_storage_${what}`] = of(`${place}_storage_failed`, { error: NO });
function refuse(kind, data) {
  const answer = Object.hasOwn(REFUSED, kind) ? REFUSED[kind](data) : null;
  if (answer) tell(...answer);
  unplayed(kind, answer ? `answered ${answer[0]}` : "there is no answer to it");
}
function unplayed(kind, word) {
  const { events, unplayed: list } = open;
  events.set(kind, word);
  list.hidden = false;
  list.replaceChildren(
    h(
      "summary",
      {},
      `Not played here: ${[...events.keys()].map((name) => name.replace("web_app_", "")).join(", ")}`,
    ),
    h(
      "ul",
      {},
      [...events].map(([name, word]) => h("li", {}, h("code", {}, name), `: ${word}`)),
    ),
  );
}
